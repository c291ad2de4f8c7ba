#include "cli/file_format.h"

#include <algorithm>

#include "ingest/perf_script.h"
#include "ingest/proto_reader.h"

namespace flamekeep::cli {
namespace {

constexpr std::string_view kPerfMagic = "PERFILE2";

bool IsTimedFolded(std::string_view line) {
  constexpr size_t kMaxTimeDigits = 20;
  const size_t time_end = line.find('\t');
  if (time_end == 0 || time_end == std::string_view::npos || time_end > kMaxTimeDigits) {
    return false;
  }
  const std::string_view time = line.substr(0, time_end);
  const bool is_number =
      std::all_of(time.begin(), time.end(), [](char c) { return c >= '0' && c <= '9'; });
  const size_t channel_end = line.find('\t', time_end + 1);
  const bool has_channel = channel_end != std::string_view::npos && channel_end > time_end + 1;
  return is_number && has_channel;
}

// A profile begins with one of its sample types, or another of its messages and texts: several
// lengths in a row that fit are no accident.
bool IsPprof(std::string_view head) {
  constexpr int kEnough = 3;
  constexpr uint32_t kLastMessageField = 6;
  int fields = 0;
  ingest::ProtoReader reader(head);
  while (fields < kEnough && reader.Next()) {
    if (reader.field() > kLastMessageField || !reader.is_bytes()) return false;
    ++fields;
  }
  // The head may end in the middle of a message.
  return fields > 0 && (fields == kEnough || !reader.broken());
}

bool IsJson(std::string_view head) {
  const size_t begin = head.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && head[begin] == '{' &&
         (head.find("speedscope") != std::string_view::npos ||
          head.find("\"shared\"") != std::string_view::npos ||
          head.find("\"profiles\"") != std::string_view::npos);
}

}  // namespace

std::string_view FirstLine(std::string_view head) { return head.substr(0, head.find('\n')); }

FileFormat FormatOf(std::string_view head) {
  if (head.starts_with(kPerfMagic)) return FileFormat::kPerfData;
  if (IsJson(head)) return FileFormat::kSpeedscope;
  const std::string_view text = head.substr(std::min(head.find_first_not_of("\r\n"), head.size()));
  if (IsTimedFolded(FirstLine(text))) return FileFormat::kTimedFolded;
  if (ingest::LooksLikePerfScript(head)) return FileFormat::kPerfScript;
  if (IsPprof(head)) return FileFormat::kPprof;
  return FileFormat::kFolded;
}

}  // namespace flamekeep::cli
