#include "query/svg_head.h"

#include <fmt/format.h>

#include <string_view>

#include "query/svg_text.h"

namespace flamekeep::query {
namespace {

constexpr std::string_view kSamples = "samples";

// A live source is always some seconds behind.
constexpr absl::Duration kUsualDelay = absl::Minutes(1);

// "samples are missing from 2026-11-20 13:00 to 2026-11-20 13:05 UTC (eqiad/excimer:
// disconnected) and 3 times more".
std::string GapsText(const std::vector<storage::SourceGap>& gaps) {
  const storage::SourceGap& first = gaps.front();
  std::string text = fmt::format(
      "samples are missing from {} ({}/{}: {})",
      RangeText(absl::FromUnixMillis(first.gap.begin_ms), absl::FromUnixMillis(first.gap.end_ms)),
      VisibleText(first.source.site), VisibleText(first.source.name),
      storage::GapReasonName(first.gap.reason));
  if (gaps.size() > 1) text += fmt::format(" and {} times more", gaps.size() - 1);
  return text;
}

}  // namespace

std::string UnitText(const Coverage& coverage) {
  return coverage.unit == "count" || coverage.unit.empty() ? std::string(kSamples)
                                                           : VisibleText(coverage.unit);
}

std::vector<std::string> CoverageParts(const Coverage& coverage) {
  std::string range = RangeText(coverage.covered.begin, coverage.covered.end);
  // That minutes are the finest there is goes without saying.
  if (coverage.requested.begin - coverage.covered.begin >= absl::Minutes(1) ||
      coverage.covered.end - coverage.requested.end >= absl::Minutes(1)) {
    range += fmt::format(" (asked for: {})",
                         RangeText(coverage.requested.begin, coverage.requested.end));
  }
  const std::string unit = UnitText(coverage);
  std::string values = fmt::format("{} {}", WithCommas(coverage.total), unit);
  if (unit != kSamples) {
    values += fmt::format(" in {} {}", WithCommas(coverage.observations), kSamples);
  }
  std::vector<std::string> parts = {std::move(range), std::move(values)};
  if (!coverage.final && coverage.complete_through.has_value() &&
      *coverage.complete_through + kUsualDelay < coverage.requested.end) {
    parts.push_back(*coverage.complete_through == absl::UnixEpoch()
                        ? "a source has not reported yet"
                        : "complete through " + TimeText(*coverage.complete_through));
  }
  if (!coverage.gaps.empty()) parts.push_back(GapsText(coverage.gaps));
  if (coverage.saturated) parts.emplace_back("some sums are larger than can be counted");
  return parts;
}

std::vector<std::string> JoinParts(const std::vector<std::string>& parts, uint32_t columns) {
  std::vector<std::string> lines;
  for (const std::string& part : parts) {
    std::string longer = lines.empty() ? "" : lines.back() + " · " + part;
    if (!lines.empty() && FitsColumns(longer, columns)) {
      lines.back() = std::move(longer);
    } else {
      lines.push_back(part);
    }
  }
  return lines;
}

}  // namespace flamekeep::query
