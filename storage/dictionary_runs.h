// The dictionary's truth: runs of frames and of stacks in the dictionary family of RocksDB.
//
// A run never crosses a multiple of its kind's size (kRunFrames; kRunNodes or a block, whichever is
// smaller), so every such group of ids starts with a key of its own and can be packed by itself.
//
// Thread safety: functions; as safe as what they are given.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_RUNS_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_RUNS_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/format.h"
#include "storage/frame_table.h"
#include "storage/stack_tree_view.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace flamekeep::storage {

inline constexpr uint32_t kRunFrames = 4096;
inline constexpr uint32_t kRunNodes = 1u << 16;

// Where the runs stand. Nothing is owned.
struct RunSource {
  rocksdb::DB* db = nullptr;
  rocksdb::ColumnFamilyHandle* family = nullptr;
};

// Calls `visit(first id, run)` for every run of frames, in order.
// Errors: DATA_LOSS names the run that is malformed or missing; those of `visit`.
using FrameRunVisitor = absl::FunctionRef<absl::Status(uint32_t, absl::Span<const FrameNames>)>;
absl::Status ReadFrameRuns(const RunSource& source, FrameRunVisitor visit);

// Calls `visit(first id, parents, frames)` for the runs of stacks from the id `first`, at which a
// run must start, up to `end` or to the last one. Returns the id after the last one read.
using StackRunVisitor = absl::FunctionRef<absl::Status(uint32_t, absl::Span<const uint32_t>,
                                                       absl::Span<const uint32_t>)>;
absl::StatusOr<uint32_t> ReadStackRuns(const RunSource& source, uint32_t first, uint32_t end,
                                       StackRunVisitor visit);

// Adds to `batch` the runs of the ids [begin, end). Frames in `blank`, if given, lose their names.
void PutFrameRuns(const FrameTable& frames, uint32_t begin, uint32_t end,
                  rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch,
                  const std::vector<bool>* blank = nullptr);
void PutStackRuns(const StackTreeView& tree, uint32_t begin, uint32_t end,
                  rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch);

// The same, in place of the runs that hold the ids. REQUIRES: runs start at `begin` and `end`, or
// end there.
void RepackFrameRuns(const FrameTable& frames, uint32_t begin, uint32_t end,
                     rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch);
// The same without a range tombstone: their keys are read. REQUIRES: RocksDB stays open.
void ReplaceFrameRuns(const FrameTable& frames, uint32_t begin, uint32_t end,
                      const RunSource& source, rocksdb::WriteBatch* batch,
                      const std::vector<bool>* blank);
void RepackStackRuns(const StackTreeView& tree, uint32_t begin, uint32_t end,
                     rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_RUNS_H_
