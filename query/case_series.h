// Series, heat maps and labels in golden cases. A part of case_test.cc.
#ifndef FLAMEKEEP_QUERY_CASE_SERIES_H_
#define FLAMEKEEP_QUERY_CASE_SERIES_H_

#include <fmt/format.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "query/case_options.h"
#include "query/engine.h"
#include "query/labels.h"

namespace flamekeep::query {

// "5minute".
inline Step CaseStep(const std::string& text) {
  Step step;
  size_t digits = 0;
  step.count = static_cast<uint32_t>(std::stoul(text, &digits));
  for (const storage::Level level : storage::kLevels) {
    if (storage::LevelName(level) == text.substr(digits)) step.level = level;
  }
  return step;
}

inline std::string CaseTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%MZ", time, absl::UTCTimeZone());
}

inline std::string CaseSums(const PointSums& sums, bool has_function) {
  std::string text = fmt::format("{} of {}", sums.total, sums.observations);
  if (has_function) text += fmt::format(", {} and {}", sums.value, sums.self);
  return text;
}

inline std::string CaseCoverage(const Coverage& coverage) {
  return fmt::format("{} {} of {} samples, {} to {}{}{}", coverage.total, coverage.unit,
                     coverage.observations, CaseTime(coverage.covered.begin),
                     CaseTime(coverage.covered.end), coverage.widened ? " (widened)" : "",
                     coverage.saturated ? " (saturated)" : "");
}

inline std::string CaseGroup(const SeriesAnswer& answer, const std::string& name,
                             const TimeSeries& group) {
  std::string text = fmt::format("{}: {}\n", name, CaseSums(group.sum, answer.has_function));
  for (size_t i = 0; i < group.points.size(); ++i) {
    if (group.points[i] == PointSums{}) continue;
    text +=
        fmt::format("  {} to {}: {}\n", CaseTime(answer.edges[i]), CaseTime(answer.edges[i + 1]),
                    CaseSums(group.points[i], answer.has_function));
  }
  return text;
}

inline absl::StatusOr<std::string> AnswerSeries(const Engine& engine, const Selection& selection,
                                                const CaseOptions& options) {
  SeriesOptions asked;
  if (options.contains("step")) asked.step = CaseStep(options.at("step"));
  asked.function = CaseFunction(options);
  asked.max_groups = CaseNumber(options, "max_groups");
  if (options.contains("by")) {
    std::istringstream labels(options.at("by"));
    for (std::string label; std::getline(labels, label, ',');) asked.by.push_back(label);
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const SeriesAnswer answer,
                             engine.MakeSeries(selection, asked, Context()));
  std::string text =
      fmt::format("{}, {} points of {}, {} longer, {} groups, {} left out\n",
                  CaseCoverage(answer.coverage), answer.edges.size() - 1, StepName(answer.step),
                  answer.wide_points, answer.groups.size(), answer.groups_left_out);
  for (const TimeSeries& group : answer.groups) {
    text += CaseGroup(answer, fmt::format("({})", fmt::join(group.labels, ",")), group);
  }
  if (answer.rest.has_value()) text += CaseGroup(answer, "rest", *answer.rest);
  return text;
}

inline absl::StatusOr<std::string> AnswerHeatMap(const Engine& engine, const Selection& selection,
                                                 const CaseOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const HeatMap map,
                             engine.MakeHeatMap(selection, CaseFunction(options), Context()));
  std::string text = fmt::format("{}, {} days, {} hours unknown\n", CaseCoverage(map.coverage),
                                 map.days.size(), map.unknown_hours);
  for (size_t day = 0; day < map.days.size(); ++day) {
    const HeatCell& whole = map.days[day];
    text += CaseTime(map.first_day + absl::Hours(kHoursPerDay * day)).substr(0, 10);
    text += whole.state == CellState::kKnown ? " " + CaseSums(whole.sums, map.has_function) : " ?";
    text += " |";
    for (size_t hour = 0; hour < kHoursPerDay; ++hour) {
      const HeatCell& cell = map.hours[day * kHoursPerDay + hour];
      if (cell.state == CellState::kUnknown) {
        text += " ?";
      } else if (cell.state == CellState::kOutside) {
        text += " -";
      } else {
        text += fmt::format(" {}", map.has_function ? cell.sums.value : cell.sums.total);
      }
    }
    text += '\n';
  }
  return text;
}

inline bool IsSeriesCase(const std::string& command) {
  return command == "series" || command == "heatmap";
}

// REQUIRES: IsSeriesCase(command).
inline absl::StatusOr<std::string> AnswerSeriesCase(const std::string& command,
                                                    const Engine& engine,
                                                    const Selection& selection,
                                                    const CaseOptions& options) {
  if (command == "series") return AnswerSeries(engine, selection, options);
  return AnswerHeatMap(engine, selection, options);
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CASE_SERIES_H_
