// A note beside a generated store, "<store>.about": what was put into it.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BENCH_SUPPORT_STORE_ABOUT_H_
#define FLAMEKEEP_BENCH_SUPPORT_STORE_ABOUT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace flamekeep::bench {

struct StoreAbout {
  absl::Time begin;
  absl::Time end;
  uint64_t samples = 0;
  uint64_t pairs = 0;  // as appended
  uint64_t nodes = 0;  // of the stack tree
  double seconds = 0;  // that making it took
};

absl::Status WriteAbout(const std::string& store, const StoreAbout& about);
// Errors: NOT_FOUND, where the store was not generated.
absl::StatusOr<StoreAbout> ReadAbout(const std::string& store);

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_STORE_ABOUT_H_
