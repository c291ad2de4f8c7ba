#include "query/columns.h"

#include <utility>

#include "base/status.h"

namespace flamekeep::query {
namespace {

// What a column takes besides its bytes: its handle, which is two allocations, and its places in
// the lists, which may be half empty. More than the bytes of a small column.
constexpr uint64_t kBytesPerColumn = 136;

}  // namespace

absl::StatusOr<Columns> Columns::Read(const storage::Snapshot& snapshot, const storage::Plan& plan,
                                      const Context& context, uint64_t held_bytes) {
  Columns columns;
  const auto keep = [&](std::unique_ptr<storage::ColumnHandle> handle) -> absl::Status {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    columns.bytes_ += handle->encoded().size() + kBytesPerColumn;
    FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(held_bytes + columns.bytes_));
    columns.encoded_.push_back(handle->encoded());
    columns.series_.push_back(handle->key.series);
    columns.handles_.push_back(std::move(handle));
    return absl::OkStatus();
  };
  FLAMEKEEP_RETURN_IF_ERROR(snapshot.Read(plan, keep, [&] { return context.Check(); }));
  return columns;
}

}  // namespace flamekeep::query
