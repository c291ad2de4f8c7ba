// What senders of other forms than Flamekeep's own would make of recorded samples: messages and
// files in memory, for benchmarks of decoding and of pushing.
//
// A sample of the corpus becomes what each form has for one: an entry, a line or a time stamp of
// its own where the form keeps samples apart, else a part of the value of its stack.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BENCH_SUPPORT_FOREIGN_INPUTS_H_
#define FLAMEKEEP_BENCH_SUPPORT_FOREIGN_INPUTS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "bench/support/recorded_samples.h"

namespace flamekeep::bench {

// What PprofOf() and OtlpOf() gather: as long as Pyroscope's clients do.
inline constexpr absl::Duration kProfileDuration = absl::Seconds(10);

struct ForeignInput {
  std::string bytes;          // as sent
  size_t unpacked_bytes = 0;  // without the gzip around it
  absl::Time begin;           // of its first sample
  uint64_t samples = 0;       // of the corpus
  uint64_t entries = 0;       // what a decoder counts as samples: equal stacks may be added up
};

// Puts gzip around.
ForeignInput Packed(ForeignInput input);

ForeignInput FoldedLinesOf(const Window& window);
ForeignInput TimedLinesOf(const Window& window);
ForeignInput PprofOf(const Window& window);
// ExportProfilesServiceRequest as an eBPF profiler makes it: a time stamp for each sample, stacks
// in the dictionary, the thread and the program as attributes.
ForeignInput OtlpOf(const Window& window);
// The body of Pyroscope's /ingest, and what stands behind '?'.
ForeignInput IngestTextOf(const Window& window);
std::string IngestQueryOf(const ForeignInput& text);
ForeignInput PerfScriptOf(const Window& window);
ForeignInput SpeedscopeOf(const Window& window);
// What a Redis server answers to a look at a stream (RedisStreamClient::Look()).
ForeignInput RedisRepliesOf(const Window& window);

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_FOREIGN_INPUTS_H_
