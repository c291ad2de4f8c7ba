// What the crash test writes: batches that are a function of (source, number), so that the verifier
// knows the content of a store from the positions in it.
#ifndef FLAMEKEEP_TESTS_SUPPORT_CRASH_BATCHES_H_
#define FLAMEKEEP_TESTS_SUPPORT_CRASH_BATCHES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/store.h"

namespace flamekeep::crash {

inline constexpr int kSources = 4;

struct CrashSample {
  storage::Minute minute;
  std::string profile;
  std::string folded;
  uint64_t value;
};

// The samples of a batch. All of a batch are known at the same resolution.
struct CrashBatch {
  storage::Level resolution;
  std::vector<CrashSample> samples;
};
CrashBatch MakeBatch(int source, uint64_t number);

// The source as the store knows it.
storage::SourceKey SourceOf(int source);

// Both programs must open the store alike: short flushes, small dictionary blocks, a clock that
// stands still at the end of the samples' times.
storage::StoreOptions CrashStoreOptions(std::string directory);

}  // namespace flamekeep::crash

#endif  // FLAMEKEEP_TESTS_SUPPORT_CRASH_BATCHES_H_
