#include "query/columns.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "storage/column.h"

namespace flamekeep::query {

absl::StatusOr<Columns> Columns::Read(const storage::Snapshot& snapshot, const storage::Plan& plan,
                                      const Context& context) {
  Columns columns;
  const auto keep = [&](std::unique_ptr<storage::ColumnHandle> handle) -> absl::Status {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header,
                               storage::DecodeHeader(handle->encoded()));
    columns.bytes_ += handle->encoded().size() +
                      std::min(header.pairs, storage::kChunkPairs) * sizeof(storage::Pair);
    FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(columns.bytes_));
    columns.encoded_.push_back(handle->encoded());
    columns.handles_.push_back(std::move(handle));
    return absl::OkStatus();
  };
  FLAMEKEEP_RETURN_IF_ERROR(snapshot.Read(plan, keep));
  return columns;
}

}  // namespace flamekeep::query
