// Samples, or what one function has of them, over time and grouped by labels.
//
// A range is divided at the steps' edges into points. Where the store keeps no bucket as fine as
// that, or knows samples no finer, an edge moves down to where a bucket begins, and points become
// longer than a step: each tells its own range. So a point always holds what a flame graph of its
// range would hold, and the points together what one of all of the range would.
//
// Totals are sums of the columns' headers: no stack is read for them. A function, or a frame
// filter, is looked up once a frame and once a stack (stack_marks.h); then each column is one pass
// over its pairs, on two threads where there is much to read.
//
// Thread safety: values.
#ifndef FLAMEKEEP_QUERY_TIME_SERIES_H_
#define FLAMEKEEP_QUERY_TIME_SERIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/time_step.h"
#include "storage/bucket.h"
#include "storage/column.h"
#include "storage/registry.h"
#include "storage/snapshot.h"

namespace flamekeep::query {

inline constexpr uint32_t kDefaultMaxPoints = 400;
inline constexpr uint32_t kMaxPoints = 20'000;
inline constexpr uint32_t kDefaultMaxGroups = 20;
inline constexpr uint32_t kMaxMaxGroups = 1000;
inline constexpr size_t kMaxGroupLabels = 16;
// Of all groups that are asked for.
inline constexpr uint64_t kMaxGroupPoints = 1'000'000;

struct SeriesOptions {
  Step step;                // unset: the shortest usual one that gives at most max_points
  uint32_t max_points = 0;  // 0: kDefaultMaxPoints. At most kMaxPoints
  FrameMatcher function;    // empty: none
  // Names of labels, or "site": a group for each list of values that they have.
  std::vector<std::string> by;
  // At most so many: those with the highest values (totals, without a function). The others become
  // one. 0: kDefaultMaxGroups. At most kMaxMaxGroups.
  uint32_t max_groups = 0;
};

// All saturate.
struct PointSums {
  uint64_t total = 0;         // sum of the values
  uint64_t observations = 0;  // samples; those before the frame filter
  uint64_t value = 0;         // of the stacks that hold the function, once however often
  uint64_t self = 0;          // of those that end in it

  bool operator==(const PointSums&) const = default;
};

void AddSums(const PointSums& sums, PointSums* to);

// One group.
struct TimeSeries {
  std::vector<std::string> labels;  // values in the order of SeriesOptions::by; may be empty
  PointSums sum;                    // of all points
  std::vector<PointSums> points;
};

struct SeriesAnswer {
  Coverage coverage;
  Step step;
  bool has_function = false;
  // Point i is [edges[i], edges[i + 1]); from the begin of the covered range to its end.
  std::vector<absl::Time> edges;
  uint64_t wide_points = 0;  // that are longer than a step
  // The highest value first, then the highest total, then by labels in bytes. Without `by` one.
  std::vector<TimeSeries> groups;
  // Groups that have samples and did not find a place, and what they have together; empty where
  // there are none.
  uint64_t groups_left_out = 0;
  std::optional<TimeSeries> rest;
};

// Which group each series of a plan belongs to.
struct SeriesGroups {
  std::vector<std::vector<std::string>> labels;  // by group, sorted
  std::vector<uint32_t> group_of;                // by place in Plan::series
};

SeriesGroups GroupSeries(const storage::Plan& plan, absl::Span<const storage::SeriesKey> series,
                         absl::Span<const std::string> by);

// What is summed, as the engine has planned it.
struct SeriesQuestion {
  storage::Plan plan;                  // divided at the edges
  std::vector<storage::Minute> edges;  // of the points
  SeriesGroups groups;
  FrameFilter filter;  // normalized
  FrameMatcher function;
  bool threaded = false;  // a second thread helps
};

struct SeriesSums {
  std::vector<std::vector<PointSums>> groups;  // points by group; no points: no samples
  storage::ColumnHeader header;                // of the columns as they are stored
  uint64_t columns = 0;
  uint64_t visited = 0;  // nodes of the stack tree
  uint64_t bytes = 0;    // of the sums
};

// Where the names of frames come from.
struct FrameSource {
  FrameFlagsCache* flags;
  uint32_t count;  // of the frames in the snapshot's tree
  FrameNames names;
};

// Errors: DATA_LOSS, and those of the context.
absl::StatusOr<SeriesSums> SumSeries(const storage::Snapshot& snapshot,
                                     const SeriesQuestion& question, const FrameSource& frames,
                                     const Context& context);

// Chooses the groups that are shown.
void ChooseGroups(SeriesSums sums, const SeriesGroups& groups, uint32_t max_groups,
                  SeriesAnswer* answer);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_TIME_SERIES_H_
