// A flame graph as data, and what its numbers stand on.
//
// Thread safety: values.
#ifndef FLAMEKEEP_QUERY_FLAME_GRAPH_H_
#define FLAMEKEEP_QUERY_FLAME_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "storage/progress.h"

namespace flamekeep::query {

struct TimeRange {  // half open: [begin, end)
  absl::Time begin;
  absl::Time end;

  bool operator==(const TimeRange&) const = default;
};

// What an answer stands on.
struct Coverage {
  TimeRange requested;
  // What was summed: the requested range, widened outward where the store keeps no finer buckets.
  TimeRange covered;
  bool widened = false;
  uint64_t total = 0;         // sum of the values of all samples
  uint64_t observations = 0;  // number of samples
  // A value did not fit 64 bits: sums that hold it stand at 2^64-1.
  bool saturated = false;
  std::string profile_type;  // five parts
  std::string sample_type;   // second part of the profile type, for example "samples"
  std::string unit;          // third part, for example "count"
  // All that live sources had before it is in the answer; the Unix epoch while one of them has not
  // reported yet. Nothing where none of them may hold samples of the selection.
  std::optional<absl::Time> complete_through;
  // No live source can change the covered range any more: the same question gets the same bytes for
  // ever, unless files are imported into it.
  bool final = false;
  std::vector<storage::SourceGap> gaps;  // spans in which samples were lost; see progress.h
  // 32 hexadecimal digits that name the answer (version.h): equal ones have equal bytes.
  std::string version;

  // What it took. Depends on rollups and on the order in which stacks were first seen, so it is no
  // part of the answer.
  uint64_t columns = 0;  // columns that were read
  uint64_t nodes = 0;    // nodes of the stack tree that were visited
};

// A tree in preorder as a struct of arrays: entry i of each list belongs to box i; box 0 is the
// root, "all", which stands for the whole selection even where that is empty. Children follow their
// parent, ordered by total descending, then function, then file, in bytes. `names` and `files` are
// sorted and hold nothing that no box uses, except files[0] == "" (unknown) and the root's name.
struct FlameGraph {
  Coverage coverage;
  bool inverted = false;
  std::vector<std::string> names;
  std::vector<std::string> files;
  std::vector<uint32_t> depth;  // root 0
  std::vector<uint32_t> name;   // index into names
  std::vector<uint32_t> file;   // index into files
  std::vector<uint64_t> total;
  // What ended in the box itself: boxes that were left out are not in it.
  std::vector<uint64_t> self;
  // Boxes left out, and the sum of the topmost ones' totals. Of an inverted graph the topmost alone
  // are counted, and where frames were taken away, the nodes of the stacks as they were stored.
  uint64_t cut_nodes = 0;
  uint64_t cut_total = 0;

  size_t size() const { return total.size(); }
};

inline constexpr std::string_view kRootName = "all";

// What a graph takes.
uint64_t MemoryBytes(const FlameGraph& graph);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FLAME_GRAPH_H_
