#include "ingest/interner.h"

#include "storage/dictionary.h"
#include "storage/store.h"

namespace flamekeep::ingest {

absl::StatusOr<storage::FrameId> StoreInterner::InternFrame(std::string_view function,
                                                            std::string_view file) {
  return store_->dictionary().InternFrame(function, file);
}

absl::StatusOr<storage::StackId> StoreInterner::InternStack(
    absl::Span<const storage::FrameId> root_first) {
  return store_->dictionary().InternStack(root_first);
}

absl::StatusOr<storage::SeriesId> StoreInterner::InternSeries(const storage::SeriesKey& key) {
  return store_->InternSeries(key);
}

std::vector<storage::SeriesKey> StoreInterner::Series() const {
  std::vector<storage::SeriesKey> series = store_->Series();
  if (!series.empty()) series.erase(series.begin());  // id 0 stands for none
  return series;
}

}  // namespace flamekeep::ingest
