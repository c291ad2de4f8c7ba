// The content of a replacement while its batches come in: samples added up by series and stack.
//
// Thread safety: none.
#ifndef FLAMEKEEP_INGEST_REPLACEMENT_SUMS_H_
#define FLAMEKEEP_INGEST_REPLACEMENT_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "storage/ids.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class ReplacementSums {
 public:
  void Add(absl::Span<const storage::Sample> samples);

  // About how much memory the sums take, the samples of Take() included.
  size_t bytes() const;

  // The sums as samples of `minute`. Leaves the object empty.
  std::vector<storage::Sample> Take(storage::Minute minute);

 private:
  struct Sum {
    uint64_t value = 0;
    uint64_t observations = 0;
  };
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, Sum> sums_;  // by series and stack
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REPLACEMENT_SUMS_H_
