// What a query would read, and why these buckets: for `flamekeep explain`, and to tell long queries
// from short ones before they are run.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_EXPLAIN_H_
#define FLAMEKEEP_QUERY_EXPLAIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "storage/bucket.h"
#include "storage/snapshot.h"

namespace flamekeep::query {

// Why a run of buckets is read at its level.
enum class PieceReason {
  kLargest,     // no coarser bucket fits into the range there
  kNotOver,     // a coarser one does, and its span is not over: it was not rolled up yet
  kStale,       // a coarser one does, and samples came in after it was rolled up
  kDirectPart,  // samples of a stale bucket that are not known any finer
};

// A run of buckets of one site.
struct ExplainedPiece {
  std::string site;
  storage::Level level{};
  TimeRange range;
  uint64_t buckets = 0;
  PieceReason reason = PieceReason::kLargest;
  // Of the selection's series: columns with their bytes and pairs.
  uint64_t columns = 0;
  uint64_t bytes = 0;
  uint64_t pairs = 0;
};

enum class TimeClass { kShort, kLong };

struct Explanation {
  TimeRange requested;
  TimeRange covered;
  bool widened = false;
  uint64_t series = 0;
  std::vector<ExplainedPiece> pieces;  // by site, level and time
  uint64_t columns = 0;
  uint64_t bytes = 0;
  uint64_t pairs = 0;  // a stack counts once for each column that it is in
  // False where there is more than kMaxExplainedBytes: then `bytes` is estimated, for all series of
  // the sites, and columns and pairs are 0.
  bool counted = false;
  uint64_t memory_bytes = 0;  // about the most that a flame graph would hold
  TimeClass time_class = TimeClass::kShort;
};

inline constexpr uint64_t kMaxExplainedBytes = uint64_t{256} << 20;

// A query that reads more takes long: these run at most so many at a time.
inline constexpr uint64_t kLongBytes = uint64_t{16} << 20;

// `requested` is left as it is. `sites`: names by id. `now` tells which spans are over. Errors:
// those of the snapshot and of the context.
absl::StatusOr<Explanation> ExplainPlan(const storage::Snapshot& snapshot,
                                        const storage::Plan& plan,
                                        const std::vector<std::string>& sites, absl::Time now,
                                        const Context& context);

// By what RocksDB knows of its files.
bool IsLongPlan(const storage::Snapshot& snapshot, const storage::Plan& plan);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_EXPLAIN_H_
