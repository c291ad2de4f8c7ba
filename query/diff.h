// The difference between two selections, in shares: which functions and stacks took more or less of
// one than of the other, and whether that is beyond noise (noise.h).
//
// All values and shares are exact. What varies is estimated between the buckets that each range is
// split into (range_buckets.h); a function counts once for each stack that holds it.
//
// Thread safety: values.
#ifndef FLAMEKEEP_QUERY_DIFF_H_
#define FLAMEKEEP_QUERY_DIFF_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/flame_graph.h"
#include "query/function_totals.h"
#include "query/noise.h"
#include "storage/column.h"

namespace flamekeep::query {

inline constexpr uint32_t kDefaultDiffFunctions = 100;
inline constexpr uint32_t kMaxDiffFunctions = 100'000;

struct DiffOptions {
  // At most so many functions. 0: kDefaultDiffFunctions.
  uint32_t limit = 0;
  FunctionOrder by = FunctionOrder::kTotal;  // of whose difference they are ordered
  // Compare stacks too. What is below `min_share` of both selections is left out, and of the rest
  // all but the `max_nodes` largest (0: kDefaultMaxNodes of engine.h), the root included; stacks of
  // equal size are kept or left out together.
  bool tree = false;
  double min_share = 0;
  uint32_t max_nodes = 0;
};

enum class Verdict : uint8_t {
  kNotEnoughData,  // too few buckets with samples, or too few samples
  kWithinNoise,
  kBeyondNoise,
};

// A value in both selections.
struct Compared {
  uint64_t baseline = 0;
  uint64_t value = 0;
  ShareDifference share;
  Verdict verdict = Verdict::kNotEnoughData;
};

struct DiffFunction {
  std::string function;
  std::string file;
  Compared self;   // of the stacks that end in it
  Compared total;  // of the stacks that hold it
};

// The stacks of both selections as one tree: `graph` has its shape and the selection's values, the
// other lists belong to its boxes. Children are ordered by the selection's total descending, then
// function, then file. The graph has neither coverage nor number of boxes that were left out.
struct DiffGraph {
  FlameGraph graph;
  std::vector<uint64_t> baseline_total;
  std::vector<uint64_t> baseline_self;
  std::vector<ShareDifference> share;  // of the totals
  std::vector<Verdict> verdict;
  uint64_t baseline_cut_total = 0;  // as graph.cut_total

  size_t size() const { return graph.size(); }
};

// The samples of one selection as they are stored, for the version of an answer about them.
struct DiffContent {
  storage::Digest digest = 0;
  std::string buckets;  // what each of them holds
};

struct Diff {
  Coverage baseline;
  Coverage coverage;
  // That each range was split into and that hold samples.
  uint32_t baseline_buckets = 0;
  uint32_t buckets = 0;
  // Differences beyond noise first, then the larger ones, then by function and file.
  std::vector<DiffFunction> functions;
  uint64_t function_count = 0;  // of all that either selection has
  uint64_t beyond_noise = 0;    // of these, by what they are ordered by
  std::optional<DiffGraph> tree;
  DiffContent baseline_content;
  DiffContent content;

  bool enough() const { return buckets >= kLeastBuckets && baseline_buckets >= kLeastBuckets; }
};

// What a diff takes.
uint64_t MemoryBytes(const Diff& diff);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DIFF_H_
