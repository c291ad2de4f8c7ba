#include "bench/support/generated_store.h"

#include "absl/time/clock.h"
#include "bench/support/must.h"
#include "bench/support/store_about.h"
#include "storage/profile_type.h"

namespace flamekeep::bench {

std::unique_ptr<storage::Store> OpenStore(const std::string& directory, absl::Time end) {
  storage::StoreOptions options;
  options.directory = directory;
  options.create_if_missing = false;
  options.background_maintenance = false;
  options.now = [end] { return end; };
  return Must(storage::Store::Open(std::move(options)));
}

absl::Time EndOfStore(const std::string& directory) {
  const absl::StatusOr<StoreAbout> about = ReadAbout(directory);
  return about.ok() ? about->end : absl::Now();
}

std::vector<storage::SeriesId> SeriesOfType(const storage::Store& store, std::string_view type) {
  const std::string id = Must(storage::ParseProfileType(type)).Id();
  const std::vector<storage::SeriesKey> all = store.Series();
  std::vector<storage::SeriesId> series;
  for (size_t i = 1; i < all.size(); ++i) {
    if (all[i].profile_type == id) series.push_back(storage::SeriesId{static_cast<uint32_t>(i)});
  }
  return series;
}

}  // namespace flamekeep::bench
