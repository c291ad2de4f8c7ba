// Hands out the samples of a selection bucket by bucket and series by series: raw data for other
// systems.
//
//   FLAMEKEEP_ASSIGN_OR_RETURN(Exporter exporter, engine.OpenExport(...));
//   while (!exporter.done()) FLAMEKEEP_RETURN_IF_ERROR(exporter.Next(bounds, &sink));
//
// Site by site, and at each in the order of time. A bucket has the level that is asked for, or the
// finest coarser one where the samples are not known, or not kept, any finer; each site has its
// own. At the edges of the range buckets are cut to it. So the values of all columns add up to the
// total of a flame graph of the selection, which covers the same range.
//
// A partition is what begins within one day at one site: the unit that is read from one snapshot of
// the store, can be left out, and behind which an export that broke off goes on. An export that
// takes hours so never holds a snapshot for more than a day of it. Its `version` tells its content
// by names, bucket for bucket: equal ones have equal columns, whatever has been rolled up, and at
// every node.
//
// Memory: the columns of one bucket, and the stacks of one series in it; under a frame filter that
// takes frames away, the stacks of a partition.
//
// Thread safety: none. The store must outlive the object.
#ifndef FLAMEKEEP_QUERY_EXPORT_H_
#define FLAMEKEEP_QUERY_EXPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/frame_flags_cache.h"
#include "query/selected_stacks.h"
#include "storage/bucket.h"
#include "storage/column.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::query {

struct ExportPartition {
  std::string site;
  TimeRange range;      // that its buckets cover; begins within its day
  std::string version;  // 32 hexadecimal digits
};

// One series in one bucket.
struct ExportColumn {
  TimeRange bucket;
  storage::Level level{};
  const storage::Labels* labels = nullptr;
  const FlameGraph* graph = nullptr;  // whole; a box with `self` is a row
  bool saturated = false;
};

// Who takes them. Errors end the export.
class ExportSink {
 public:
  virtual ~ExportSink() = default;
  // Whether the columns of the partition are wanted.
  virtual absl::StatusOr<bool> BeginPartition(const ExportPartition& partition) = 0;
  virtual absl::Status AddColumn(const ExportColumn& column) = 0;
  // `cursor`: from where an export goes on behind the partition.
  virtual absl::Status EndPartition(std::string_view cursor) = 0;
};

class Exporter {
 public:
  // `level` is the finest that is wanted. `cursor`: of EndPartition(), of the same selection and
  // level; empty: from the begin. Errors: INVALID_ARGUMENT (selector, range, filter, level,
  // cursor), NOT_FOUND, and those of the context. The pointers are not owned.
  static absl::StatusOr<Exporter> Open(const storage::Store* store, FrameFlagsCache* flags,
                                       const Selection& selection, storage::Level level,
                                       std::string_view cursor, const Context& context);

  // What the export stands on, as of Open(); without totals and version.
  const Coverage& coverage() const { return coverage_; }
  // Names the whole export, by the versions of its partitions, those before the cursor among them.
  // REQUIRES: done.
  std::string Version() const;
  const std::vector<std::string>& sites() const { return sites_; }  // in the order of their turn

  bool done() const { return site_ == sites_.size(); }

  // Hands out at most one partition: nothing where the next day has no samples. `bounds` is asked
  // anew for each bucket: a deadline is that of a bucket. Errors: ABORTED where the store gave up
  // buckets that the export counted on (retention): begin again; DATA_LOSS; those of the context
  // and of the sink. REQUIRES: not done.
  absl::Status Next(absl::FunctionRef<Context()> bounds, ExportSink* sink);

 private:
  Exporter(const storage::Store* store, FrameFlagsCache* flags) : store_(store), flags_(flags) {}

  absl::Status SetCursor(std::string_view cursor);
  std::string Cursor() const;
  // Goes on to where `end` is the begin of the next bucket.
  void Advance(storage::Minute end);

  const storage::Store* store_;
  FrameFlagsCache* flags_;
  Selection selection_;
  FrameFilter filter_;  // normalized
  storage::Level level_{};
  std::string question_;
  Coverage coverage_;
  storage::MinuteRange covered_;
  std::vector<std::string> sites_;

  // Where it is.
  size_t site_ = 0;
  storage::Minute minute_ = 0;
  storage::Digest behind_ = 0;  // hash of the versions of all partitions before
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_EXPORT_H_
