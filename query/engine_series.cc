// Series over time and heat maps: the part of the engine that plans, keeps and gives them.
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "query/content.h"
#include "query/engine.h"
#include "query/heat_map.h"
#include "query/time_series.h"

namespace flamekeep::query {
namespace {

constexpr uint64_t kMaxHeatMapHours = uint64_t{kMaxHeatMapDays} * kHoursPerDay;
// From so many bytes on, as RocksDB estimates them, a second thread pays.
constexpr uint64_t kBytesForHelper = uint64_t{1} << 20;

absl::Status CheckSeriesOptions(const SeriesOptions& options) {
  if (options.step.count > kMaxStepCount) {
    return InvalidArgument("the step has {} units: at most {} are allowed", options.step.count,
                           kMaxStepCount);
  }
  if (options.max_points > kMaxPoints) {
    return InvalidArgument("`max_points` is {}: at most {} can be asked for", options.max_points,
                           kMaxPoints);
  }
  if (options.max_groups > kMaxMaxGroups) {
    return InvalidArgument("`max_groups` is {}: at most {} can be asked for", options.max_groups,
                           kMaxMaxGroups);
  }
  if (options.by.size() > kMaxGroupLabels) {
    return InvalidArgument("`by` has {} labels: at most {} are allowed", options.by.size(),
                           kMaxGroupLabels);
  }
  std::set<std::string_view> names;
  for (const std::string& name : options.by) {
    if (name.empty()) {
      return InvalidArgument("`by` has an empty name: give names of labels, or \"site\"");
    }
    if (!names.insert(name).second) {
      return InvalidArgument("`by` has \"{}\" twice: give each label once", name);
    }
  }
  return options.function.empty() ? absl::OkStatus() : CheckMatcher(options.function, "function");
}

absl::Status CheckPoints(uint64_t points, uint64_t max, uint32_t groups, const Step& step) {
  if (points > max) {
    return InvalidArgument(
        "steps of {} give {} points in this range, at most {} can be asked for: take a longer step "
        "or a shorter range",
        StepName(step), points, max);
  }
  if (points * groups > kMaxGroupPoints) {
    return InvalidArgument(
        "{} points of {} groups are more than {}: take a longer step or a smaller max_groups",
        points, groups, kMaxGroupPoints);
  }
  return absl::OkStatus();
}

// Each with its length before it, so that no two lists look the same.
std::string GroupLabelsText(absl::Span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += fmt::format("{}:{},", word.size(), word);
  return text;
}

uint64_t TimeSeriesBytes(const TimeSeries& series) {
  uint64_t bytes = sizeof(TimeSeries) + series.points.capacity() * sizeof(PointSums);
  for (const std::string& label : series.labels) bytes += sizeof(std::string) + label.capacity();
  return bytes;
}

uint64_t SeriesAnswerBytes(const SeriesAnswer& answer) {
  uint64_t bytes = sizeof(SeriesAnswer) + answer.edges.capacity() * sizeof(absl::Time);
  for (const TimeSeries& series : answer.groups) bytes += TimeSeriesBytes(series);
  if (answer.rest.has_value()) bytes += TimeSeriesBytes(*answer.rest);
  return bytes;
}

void AppendPoints(const TimeSeries& series, std::string* text) {
  *text += GroupLabelsText(series.labels);
  for (const PointSums& point : series.points) {
    for (const uint64_t number : {point.total, point.observations, point.value, point.self}) {
      text->append(reinterpret_cast<const char*>(&number), sizeof(number));
    }
  }
}

// For the version: the same samples may lie at other times, or in other groups.
std::string PointsHash(const SeriesAnswer& answer) {
  std::string text;
  for (const TimeSeries& series : answer.groups) AppendPoints(series, &text);
  if (answer.rest.has_value()) AppendPoints(*answer.rest, &text);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x};", hash.high64, hash.low64);
}

uint64_t CountWidePoints(absl::Span<const storage::Minute> edges, const Step& step) {
  uint64_t wide = 0;
  for (size_t i = 1; i < edges.size(); ++i) {
    wide += static_cast<uint64_t>(CountSteps(step, {edges[i - 1], edges[i]}) > 1);
  }
  return wide;
}

}  // namespace

struct Engine::SeriesRequest {
  std::string_view view;  // what becomes of it
  SeriesOptions options;
  uint64_t max_points = kMaxPoints;  // of steps that are asked for
};

struct Engine::PlannedSeries {
  SelectedStacks stacks;
  SeriesQuestion question;
  Step step;
  uint32_t max_groups = 0;
  std::string view;
  std::optional<CacheKey> key;  // where the content is known
  std::shared_ptr<const storage::ColumnHeader> content;

  // Of the answer. The sum of the samples does not tell when they were, nor in which series: the
  // stamp does, and where there is none, no answer is kept.
  std::optional<CacheKey> Key(const storage::ColumnHeader& of_content) const {
    const std::optional<uint64_t> stamp = stacks.snapshot().ContentStamp(stacks.plan());
    if (!stamp.has_value()) return std::nullopt;
    return AnswerKey(stacks.Question(fmt::format("{}{};", view, *stamp)), stacks.plan(),
                     of_content);
  }
};

absl::StatusOr<Engine::PlannedSeries> Engine::PlanSeries(const Selection& selection,
                                                         const SeriesRequest& request,
                                                         const Context& context) const {
  const SeriesOptions& options = request.options;
  FLAMEKEEP_RETURN_IF_ERROR(CheckSeriesOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  PlannedSeries planned{.stacks = std::move(stacks), .step = options.step};
  SeriesQuestion& question = planned.question;
  question.plan = planned.stacks.plan();
  const storage::MinuteRange covered = question.plan.covered;
  if (planned.step.count == 0) {
    const uint32_t max = options.max_points != 0 ? options.max_points : kDefaultMaxPoints;
    planned.step = UsualStep(covered, max);
  }
  planned.max_groups = options.max_groups != 0 ? options.max_groups : kDefaultMaxGroups;
  FLAMEKEEP_RETURN_IF_ERROR(CheckPoints(CountSteps(planned.step, covered), request.max_points,
                                        options.by.empty() ? 1 : planned.max_groups, planned.step));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      question.edges, planned.stacks.snapshot().Divide(
                          StepEdges(planned.step, covered), [&context] { return context.Check(); },
                          &question.plan));
  question.filter = Normalized(selection.filter);
  question.function = options.function;
  // The edges depend on what is kept, and so does the answer.
  const XXH128_hash_t edges =
      XXH3_128bits(question.edges.data(), question.edges.size() * sizeof(storage::Minute));
  planned.view =
      fmt::format("{},{},{},{},{},{:016x}{:016x}{};", request.view,
                  storage::LevelName(planned.step.level), planned.step.count, planned.max_groups,
                  GroupLabelsText(options.by), edges.high64, edges.low64,
                  FilterName(options.function.empty() ? FrameFilter{}
                                                      : FrameFilter{.keep = {options.function}}));
  if (cache_ == nullptr) return planned;
  planned.content = planned.stacks.KnownContent(cache_);
  if (planned.content != nullptr) planned.key = planned.Key(*planned.content);
  return planned;
}

absl::StatusOr<SeriesAnswer> Engine::AnswerSeries(const Selection& selection,
                                                  const SeriesRequest& request,
                                                  const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(PlannedSeries planned, PlanSeries(selection, request, context));
  const SelectedStacks& stacks = planned.stacks;
  if (cache_ != nullptr) {
    const auto kept = planned.key.has_value() ? cache_->Find<SeriesAnswer>(*planned.key) : nullptr;
    cache_->CountLookup(kept != nullptr);
    if (kept != nullptr) {
      FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(SeriesAnswerBytes(*kept)));
      SeriesAnswer answer = *kept;
      answer.coverage = stacks.CoverKept(kept->coverage, planned.content->digest,
                                         planned.view + PointsHash(answer));
      return answer;
    }
  }
  SeriesQuestion& question = planned.question;
  question.groups = GroupSeries(question.plan, store_->Series(), request.options.by);
  const std::vector<uint64_t> bytes = stacks.snapshot().EstimateBytes(question.plan);
  question.threaded = std::accumulate(bytes.begin(), bytes.end(), uint64_t{0}) >= kBytesForHelper;
  const storage::Dictionary& dictionary = store_->dictionary();
  const auto names = [&](storage::FrameId id) { return dictionary.frame(id); };
  FLAMEKEEP_ASSIGN_OR_RETURN(
      SeriesSums sums,
      SumSeries(stacks.snapshot(), question,
                {.flags = &frame_flags_, .count = dictionary.frame_count(), .names = names},
                context));

  SeriesAnswer answer{.step = planned.step,
                      .has_function = !request.options.function.empty(),
                      .wide_points = CountWidePoints(question.edges, planned.step)};
  answer.edges.reserve(question.edges.size());
  for (const storage::Minute edge : question.edges) answer.edges.push_back(storage::TimeOf(edge));
  const storage::ColumnHeader content = sums.header;
  const uint64_t columns = sums.columns;
  const uint64_t visited = sums.visited;
  ChooseGroups(std::move(sums), question.groups, planned.max_groups, &answer);
  PointSums all;
  for (const TimeSeries& series : answer.groups) AddSums(series.sum, &all);
  if (answer.rest.has_value()) AddSums(answer.rest->sum, &all);
  storage::ColumnHeader shown = content;
  shown.total = all.total;
  answer.coverage =
      stacks.Cover(shown, content.saturated, visited, planned.view + PointsHash(answer));
  answer.coverage.columns = columns;
  if (cache_ != nullptr) {
    if (const std::optional<uint64_t> stamp = stacks.snapshot().ContentStamp(stacks.plan())) {
      cache_->Insert(ContentKey(stacks.plan(), *stamp),
                     std::make_shared<const storage::ColumnHeader>(content), sizeof(content));
    }
    const uint64_t size = SeriesAnswerBytes(answer);
    const std::optional<CacheKey> key = planned.Key(content);
    if (key.has_value() && cache_->MayKeep(size)) {
      cache_->Insert(*key, std::make_shared<const SeriesAnswer>(answer), size);
    }
  }
  return answer;
}

absl::StatusOr<bool> Engine::IsLongSeries(const Selection& selection, const SeriesRequest& request,
                                          const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const PlannedSeries planned, PlanSeries(selection, request, context));
  if (planned.key.has_value() && cache_->Contains(*planned.key)) return false;
  return IsLongPlan(planned.stacks.snapshot(), planned.question.plan);
}

absl::StatusOr<SeriesAnswer> Engine::MakeSeries(const Selection& selection,
                                                const SeriesOptions& options,
                                                const Context& context) const {
  return AnswerSeries(selection, {.view = "series", .options = options}, context);
}

absl::StatusOr<bool> Engine::SeriesIsLong(const Selection& selection, const SeriesOptions& options,
                                          const Context& context) const {
  return IsLongSeries(selection, {.view = "series", .options = options}, context);
}

namespace {

// Steps of an hour; the error of a range that is too long speaks of days.
absl::Status CheckHeatMapRange(const Selection& selection) {
  if (selection.end - selection.begin <= absl::Hours(kMaxHeatMapHours)) return absl::OkStatus();
  return InvalidArgument(
      "the range of the heat map has {} days, at most {} can be asked for: take a shorter one",
      (selection.end - selection.begin) / absl::Hours(kHoursPerDay), kMaxHeatMapDays);
}

SeriesOptions HeatMapOptions(const FrameMatcher& function) {
  return {.step = {storage::Level::kHour, 1}, .function = function};
}

// The range may be widened by a bucket of a year at each edge.
constexpr uint64_t kMaxCoveredHours = kMaxHeatMapHours + uint64_t{2} * 366 * kHoursPerDay;

}  // namespace

absl::StatusOr<HeatMap> Engine::MakeHeatMap(const Selection& selection,
                                            const FrameMatcher& function,
                                            const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckHeatMapRange(selection));
  FLAMEKEEP_ASSIGN_OR_RETURN(SeriesAnswer series, AnswerSeries(selection,
                                                               {.view = "heat map",
                                                                .options = HeatMapOptions(function),
                                                                .max_points = kMaxCoveredHours},
                                                               context));
  return HeatMapOf(std::move(series));
}

absl::StatusOr<bool> Engine::HeatMapIsLong(const Selection& selection, const FrameMatcher& function,
                                           const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckHeatMapRange(selection));
  return IsLongSeries(
      selection,
      {.view = "heat map", .options = HeatMapOptions(function), .max_points = kMaxCoveredHours},
      context);
}

}  // namespace flamekeep::query
