#include "query/time_series.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "query/column_counter.h"
#include "query/stack_marks.h"

namespace flamekeep::query {
namespace {

constexpr std::string_view kSiteLabel = "site";
// Columns between two looks at the memory.
constexpr uint64_t kSeriesColumnsPerCheck = 64;

std::string GroupValueOf(const storage::SeriesKey& series, std::string_view label) {
  if (label == kSiteLabel) return series.site;
  for (const auto& [name, value] : series.labels) {
    if (name == label) return value;
  }
  return {};
}

void AddSaturating(uint64_t value, uint64_t* sum) {
  if (__builtin_add_overflow(*sum, value, sum)) *sum = UINT64_MAX;
}

// The marks of the question's function and filter; null where the headers tell all.
absl::StatusOr<std::unique_ptr<StackMarks>> MakeSeriesMarks(const storage::Snapshot& snapshot,
                                                            const SeriesQuestion& question,
                                                            const FrameSource& frames,
                                                            const Context& context) {
  if (question.function.empty() && question.filter.empty()) return nullptr;
  StackMarks::Question asked{.filter = question.filter};
  if (!question.function.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(
        asked.function, frames.flags->Get(FrameFilter{.keep = {question.function}}, frames.count,
                                          frames.names, context));
  }
  if (!question.filter.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(asked.filter_flags, frames.flags->Get(question.filter, frames.count,
                                                                     frames.names, context));
  }
  return std::make_unique<StackMarks>(snapshot.tree(), std::move(asked));
}

// Whether so much is read that it is cheaper to look up all stacks at once than those that are met
// one by one.
bool MeetsManyStacks(const storage::Snapshot& snapshot, const storage::Plan& plan) {
  // Of columns. With more for each stack of the tree a good part of it is met.
  constexpr uint64_t kBytesPerStack = 4;
  const std::vector<uint64_t> bytes = snapshot.EstimateBytes(plan);
  return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0}) >=
         kBytesPerStack * snapshot.tree().size();
}

// Adds columns to the points that they belong to.
class SeriesSummer {
 public:
  SeriesSummer(const SeriesQuestion& question, StackMarks* marks, const Context& context)
      : question_(question), marks_(marks), context_(context) {
    sums_.groups.resize(question.groups.labels.size());
  }

  // From several threads.
  absl::Status Add(const storage::ColumnHandle& column) ABSL_LOCKS_EXCLUDED(mutex_) {
    FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header,
                               storage::DecodeHeader(column.encoded()));
    PointSums sums{.total = header.total, .observations = header.observations};
    if (marks_ != nullptr) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const MarkedSums marked,
                                 marks_->Count(column.encoded(), context_));
      sums.total = marked.total;
      sums.value = marked.value;
      sums.self = marked.self;
    }
    const auto& series = question_.plan.series;
    const auto place = std::lower_bound(series.begin(), series.end(), column.key.series);
    const uint32_t group = question_.groups.group_of[static_cast<size_t>(place - series.begin())];
    const auto& edges = question_.edges;
    const auto next = std::upper_bound(edges.begin(), edges.end(), column.key.start);
    const absl::MutexLock lock(&mutex_);
    std::vector<PointSums>& points = sums_.groups[group];
    if (points.empty()) {
      points.resize(edges.size() - 1);
      sums_.bytes += points.size() * sizeof(PointSums);
    }
    AddSums(sums, &points[static_cast<size_t>(next - edges.begin()) - 1]);
    storage::AddHeader(header, &sums_.header);
    ++sums_.columns;
    return absl::OkStatus();
  }

  uint64_t bytes() const ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    return sums_.bytes;
  }

  SeriesSums Take() ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    return std::move(sums_);
  }

 private:
  const SeriesQuestion& question_;
  StackMarks* const marks_;
  const Context& context_;
  mutable absl::Mutex mutex_;
  SeriesSums sums_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

void AddSums(const PointSums& sums, PointSums* to) {
  AddSaturating(sums.total, &to->total);
  AddSaturating(sums.observations, &to->observations);
  AddSaturating(sums.value, &to->value);
  AddSaturating(sums.self, &to->self);
}

SeriesGroups GroupSeries(const storage::Plan& plan, absl::Span<const storage::SeriesKey> series,
                         absl::Span<const std::string> by) {
  std::map<std::vector<std::string>, uint32_t> numbers;
  std::vector<const uint32_t*> number_of;
  for (const storage::SeriesId id : plan.series) {
    std::vector<std::string> values;
    for (const std::string& label : by) values.push_back(GroupValueOf(series[Raw(id)], label));
    number_of.push_back(&numbers[std::move(values)]);
  }
  // Without labels there is one, whatever the selector matches.
  if (by.empty()) numbers[{}];
  SeriesGroups groups;
  for (auto& [values, number] : numbers) {
    number = static_cast<uint32_t>(groups.labels.size());
    groups.labels.push_back(values);
  }
  for (const uint32_t* number : number_of) groups.group_of.push_back(*number);
  return groups;
}

absl::StatusOr<SeriesSums> SumSeries(const storage::Snapshot& snapshot,
                                     const SeriesQuestion& question, const FrameSource& frames,
                                     const Context& context) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<StackMarks> marks,
                             MakeSeriesMarks(snapshot, question, frames, context));
  const bool threaded = question.threaded && marks != nullptr;
  const uint64_t fixed = (marks != nullptr ? marks->bytes() : 0) +
                         (threaded ? ColumnCounter::kMaxWaitingBytes : 0) +
                         question.edges.size() * sizeof(storage::Minute);
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(fixed));
  if (threaded && MeetsManyStacks(snapshot, question.plan)) {
    FLAMEKEEP_RETURN_IF_ERROR(marks->FindAll(context));
  }
  SeriesSummer summer(question, marks.get(), context);
  ColumnCounter counter(
      [&summer](const storage::ColumnHandle& column) { return summer.Add(column); }, threaded);
  uint64_t columns = 0;
  const auto visit = [&](std::unique_ptr<storage::ColumnHandle> column) -> absl::Status {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (++columns % kSeriesColumnsPerCheck == 0) {
      FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(fixed + summer.bytes()));
    }
    return counter.Add(std::move(column));
  };
  FLAMEKEEP_RETURN_IF_ERROR(snapshot.Read(question.plan, visit, [&] { return context.Check(); }));
  FLAMEKEEP_RETURN_IF_ERROR(counter.Finish());
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(fixed + summer.bytes()));
  SeriesSums sums = summer.Take();
  sums.visited = marks != nullptr ? marks->visited() : 0;
  return sums;
}

void ChooseGroups(SeriesSums sums, const SeriesGroups& groups, uint32_t max_groups,
                  SeriesAnswer* answer) {
  const size_t points = answer->edges.size() - 1;
  std::vector<TimeSeries> found;
  for (size_t i = 0; i < groups.labels.size(); ++i) {
    const bool only_one = groups.labels[i].empty();
    if (sums.groups[i].empty() && !only_one) continue;
    TimeSeries series{.labels = groups.labels[i], .points = std::move(sums.groups[i])};
    series.points.resize(points);
    for (const PointSums& point : series.points) AddSums(point, &series.sum);
    found.push_back(std::move(series));
  }
  std::sort(found.begin(), found.end(), [](const TimeSeries& a, const TimeSeries& b) {
    return std::tie(b.sum.value, b.sum.total, a.labels) <
           std::tie(a.sum.value, a.sum.total, b.labels);
  });
  if (found.size() > max_groups) {
    answer->groups_left_out = found.size() - max_groups;
    TimeSeries rest{.points = std::vector<PointSums>(points)};
    for (size_t i = max_groups; i < found.size(); ++i) {
      AddSums(found[i].sum, &rest.sum);
      for (size_t point = 0; point < points; ++point) {
        AddSums(found[i].points[point], &rest.points[point]);
      }
    }
    answer->rest = std::move(rest);
    found.resize(max_groups);
  }
  answer->groups = std::move(found);
}

}  // namespace flamekeep::query
