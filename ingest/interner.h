// The part of a store that decoding needs: it gives ids to names. Decoders ask it only for what
// their caches do not know, so a virtual call costs nothing, and they run without a store in tests.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_INTERNER_H_
#define FLAMEKEEP_INGEST_INTERNER_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace flamekeep::storage {
class Store;
}  // namespace flamekeep::storage

namespace flamekeep::ingest {

class Interner {
 public:
  virtual ~Interner() = default;

  // Errors: FAILED_PRECONDITION when there are no ids left.
  virtual absl::StatusOr<storage::FrameId> InternFrame(std::string_view function,
                                                       std::string_view file) = 0;
  virtual absl::StatusOr<storage::StackId> InternStack(
      absl::Span<const storage::FrameId> root_first) = 0;
  // Errors: INVALID_ARGUMENT for a name outside its rules.
  virtual absl::StatusOr<storage::SeriesId> InternSeries(const storage::SeriesKey& key) = 0;
  // All series that there are, in any order.
  virtual std::vector<storage::SeriesKey> Series() const = 0;
};

// The interner of a store, which is not owned.
class StoreInterner final : public Interner {
 public:
  explicit StoreInterner(storage::Store* store) : store_(store) {}

  absl::StatusOr<storage::FrameId> InternFrame(std::string_view function,
                                               std::string_view file) override;
  absl::StatusOr<storage::StackId> InternStack(
      absl::Span<const storage::FrameId> root_first) override;
  absl::StatusOr<storage::SeriesId> InternSeries(const storage::SeriesKey& key) override;
  std::vector<storage::SeriesKey> Series() const override;

 private:
  storage::Store* const store_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_INTERNER_H_
