#include "cli/log_state.h"

#include <filesystem>

#include "cli/little_endian.h"

namespace flamekeep::cli {
namespace {

// Encoding: version, flags, then lines, bytes, sum and files, 8 bytes each half, little-endian.
constexpr char kLogStateVersion = 1;
constexpr char kStale = 1;

}  // namespace

std::string LogState::Encode() const {
  std::string out = {kLogStateVersion, is_stale ? kStale : '\0'};
  for (const uint64_t value : {lines, bytes, sum.low, sum.high, files.low, files.high}) {
    PutFixed64(value, &out);
  }
  return out;
}

std::optional<LogState> LogState::Decode(std::string_view encoded) {
  std::string_view in = encoded;
  if (in.size() < 2 || in[0] != kLogStateVersion) return std::nullopt;
  LogState state;
  state.is_stale = in[1] == kStale;
  in.remove_prefix(2);
  for (uint64_t* value : {&state.lines, &state.bytes, &state.sum.low, &state.sum.high,
                          &state.files.low, &state.files.high}) {
    if (!GetFixed64(&in, value)) return std::nullopt;
  }
  return state;
}

Digest DigestOfFiles(const std::vector<LogFile>& files) {
  std::string text;
  for (const LogFile& file : files) {
    text += std::filesystem::path(file.path).filename().string();
    text.push_back('\0');
    PutFixed64(file.size, &text);
    PutFixed64(static_cast<uint64_t>(file.mtime_nanos), &text);
  }
  return DigestOf(text);
}

void AddLines(std::string_view lines, LogState* state) {
  while (!lines.empty()) {
    const size_t newline = lines.find('\n');
    const std::string_view line = lines.substr(0, newline);
    lines.remove_prefix(newline == std::string_view::npos ? lines.size() : newline + 1);
    if (line.empty()) continue;
    ++state->lines;
    state->bytes += line.size();
    const Digest digest = DigestOf(line);
    state->sum.low += digest.low;
    state->sum.high += digest.high + (state->sum.low < digest.low ? 1 : 0);
  }
}

}  // namespace flamekeep::cli
