// Opens a store that generate_store made, as it was at its end: nothing expires, nothing is rolled
// up.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BENCH_SUPPORT_GENERATED_STORE_H_
#define FLAMEKEEP_BENCH_SUPPORT_GENERATED_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "storage/store.h"

namespace flamekeep::bench {

// Ends the program where it can not be opened. `end` is what the store takes for the present.
std::unique_ptr<storage::Store> OpenStore(const std::string& directory, absl::Time end);

// Up to when the store has samples: what its note says, else the present.
absl::Time EndOfStore(const std::string& directory);

// All series of a profile type ("excimer").
std::vector<storage::SeriesId> SeriesOfType(const storage::Store& store, std::string_view type);

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_GENERATED_STORE_H_
