#include "server/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "ingest/folded.h"

namespace flamekeep::server {

namespace {

// Levenshtein's distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Shorten(std::string_view text, size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const size_t length = ingest::ReadableLength(text);
    if (out.size() + std::max<size_t>(length, 1) > max_bytes) return out + "...";
    if (length == 0) {
      out += '?';
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr size_t kLongestWord = 64;
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  // Two letters that changed places count as two edits.
  size_t best_distance = std::max<size_t>(word.size() < 4 ? 1 : 2, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string BytesText(uint64_t bytes) {
  static constexpr std::pair<uint64_t, std::string_view> kUnits[] = {{uint64_t{1} << 40, "TiB"},
                                                                     {uint64_t{1} << 30, "GiB"},
                                                                     {uint64_t{1} << 20, "MiB"},
                                                                     {uint64_t{1} << 10, "KiB"}};
  for (const auto& [factor, name] : kUnits) {
    if (bytes != 0 && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, name);
  }
  return fmt::format("{}B", bytes);
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "forever";
  static constexpr std::pair<int64_t, std::string_view> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}};
  const int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  for (const auto& [factor, name] : kUnits) {
    if (milliseconds != 0 && milliseconds % factor == 0) {
      return fmt::format("{}{}", milliseconds / factor, name);
    }
  }
  return fmt::format("{}ms", milliseconds);
}

}  // namespace flamekeep::server
