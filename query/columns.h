// The columns that answer one query, held in memory (most of them pinned in the block cache).
//
// Thread safety: values.
#ifndef FLAMEKEEP_QUERY_COLUMNS_H_
#define FLAMEKEEP_QUERY_COLUMNS_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/context.h"
#include "storage/ids.h"
#include "storage/snapshot.h"

namespace flamekeep::query {

class Columns {
 public:
  // Reads all columns of a plan. `held_bytes` is what the query holds besides. Errors: those of the
  // snapshot and of the context.
  static absl::StatusOr<Columns> Read(const storage::Snapshot& snapshot, const storage::Plan& plan,
                                      const Context& context, uint64_t held_bytes = 0);

  absl::Span<const std::string_view> encoded() const { return encoded_; }
  // Whose column each of these is.
  absl::Span<const storage::SeriesId> series() const { return series_; }

  // What the columns take, handles included.
  uint64_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<storage::ColumnHandle>> handles_;
  std::vector<std::string_view> encoded_;
  std::vector<storage::SeriesId> series_;
  uint64_t bytes_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_COLUMNS_H_
