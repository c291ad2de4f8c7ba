#include "cli/share_parse.h"

#include "absl/strings/numbers.h"
#include "base/status.h"

namespace flamekeep::cli {

absl::StatusOr<double> ParseShare(std::string_view text) {
  constexpr double kPercent = 100;
  const bool is_percentage = text.ends_with('%');
  const std::string_view number = text.substr(0, text.size() - (is_percentage ? 1 : 0));
  double share = 0;
  const bool is_number = absl::SimpleAtod({number.data(), number.size()}, &share);
  if (is_percentage) share /= kPercent;
  if (!is_number || !(share >= 0 && share <= 1)) {
    return InvalidArgument("\"{}\" is no share: write 2% or 0.02, at most 100%", text);
  }
  return share;
}

}  // namespace flamekeep::cli
