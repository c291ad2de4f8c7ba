#include "cli/step_parse.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status.h"
#include "cli/level_text.h"

namespace flamekeep::cli {
namespace {

struct StepUnit {
  std::string_view name;
  v1::Level level;
  uint32_t count;
};

constexpr std::array kStepUnits = {
    StepUnit{"m", v1::LEVEL_MINUTE, 1}, StepUnit{"h", v1::LEVEL_HOUR, 1},
    StepUnit{"d", v1::LEVEL_DAY, 1},    StepUnit{"w", v1::LEVEL_DAY, 7},
    StepUnit{"mo", v1::LEVEL_MONTH, 1}, StepUnit{"y", v1::LEVEL_YEAR, 1},
};

}  // namespace

absl::StatusOr<v1::Step> ParseStep(std::string_view text) {
  constexpr size_t kMaxDigits = 5;
  uint32_t number = 0;
  size_t digits = 0;
  while (digits < text.size() && digits <= kMaxDigits && absl::ascii_isdigit(text[digits])) {
    number = number * 10 + static_cast<uint32_t>(text[digits++] - '0');
  }
  const std::string_view unit = text.substr(digits);
  for (const StepUnit& known : kStepUnits) {
    if (known.name != unit || number == 0 || digits > kMaxDigits) continue;
    v1::Step step;
    step.set_unit(known.level);
    step.set_count(number * known.count);
    return step;
  }
  return InvalidArgument(
      "\"{}\" is no step: write a number of m, h, d, w, mo (months) or y, like 5m or 1mo", text);
}

std::string StepText(const v1::Step& step) {
  return fmt::format("{} {}{}", step.count(), LevelText(step.unit()), step.count() == 1 ? "" : "s");
}

}  // namespace flamekeep::cli
