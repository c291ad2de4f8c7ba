// Splits a range into buckets, to see how much what is counted in it varies.
//
// They are as fine as some hundred buckets allow: minutes for two hours, months for years; so what
// has to be read for them stays a small multiple of what the range takes in one. No bucket ends
// where stored samples stick out: where they are not known so finely, it is as much longer.
// Together the buckets hold what the plan holds, each sample once.
//
// Thread safety: pure functions. Errors: those of the snapshot and of the context.
#ifndef FLAMEKEEP_QUERY_RANGE_BUCKETS_H_
#define FLAMEKEEP_QUERY_RANGE_BUCKETS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "query/context.h"
#include "storage/bucket.h"
#include "storage/snapshot.h"

namespace flamekeep::query {

// At most so many, and one more where the range begins inside of one. Ranges of more than about ten
// years are split into years.
inline constexpr uint32_t kMostBuckets = 120;

// The first minute behind `minute` where a bucket of a range of this length may begin.
storage::Minute NextBucketStart(storage::Minute minute, storage::Minute range_minutes);

// In order of time; each covers what follows what the one before covers.
absl::StatusOr<std::vector<storage::Plan>> SplitPlan(const storage::Snapshot& snapshot,
                                                     const storage::Plan& plan,
                                                     const Context& context);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_RANGE_BUCKETS_H_
