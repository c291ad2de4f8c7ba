#include "cli/line_format.h"

#include <algorithm>

namespace flamekeep::cli {

std::string_view FirstLine(std::string_view head) { return head.substr(0, head.find('\n')); }

LineFormat FormatOf(std::string_view head) {
  constexpr size_t kMaxTimeDigits = 20;
  head.remove_prefix(std::min(head.find_first_not_of("\r\n"), head.size()));
  const std::string_view line = FirstLine(head);
  const size_t time_end = line.find('\t');
  if (time_end == 0 || time_end == std::string_view::npos || time_end > kMaxTimeDigits) {
    return LineFormat::kFolded;
  }
  const std::string_view time = line.substr(0, time_end);
  const bool is_number =
      std::all_of(time.begin(), time.end(), [](char c) { return c >= '0' && c <= '9'; });
  const size_t channel_end = line.find('\t', time_end + 1);
  const bool has_channel = channel_end != std::string_view::npos && channel_end > time_end + 1;
  return is_number && has_channel ? LineFormat::kTimedFolded : LineFormat::kFolded;
}

}  // namespace flamekeep::cli
