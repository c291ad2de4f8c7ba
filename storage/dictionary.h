// The store's dictionary: frames and the stack tree, append-only and dense.
//
// A stack is a node of a tree: parent[id] and frame[id]. A parent's id is always smaller than its
// child's, so totals fold in one pass from the highest id to the lowest, and a predicate on frames
// spreads in one pass from the lowest to the highest. See docs/formats.md for the files.
//
// Where things are:
//   * truth: packed runs in RocksDB, written by the committer (TakePending), read at Open;
//   * complete blocks of kBlockNodes nodes: memory-mapped derived files, with hash indexes over
//     them; written once, synced, checksummed, and only then named in RocksDB as derived;
//   * younger nodes and all frames: in memory.
//
// Thread safety: all methods, except those that say "committer only". Ids are given under one
// mutex; readers take a StackTreeView and then need no lock.
//
// Invariants:
//   1. parent(id) < id for every id but the root, which is its own parent.
//   2. A (parent, frame) pair and a (function, file) pair have one id.
//   3. An id that a reader finds in a column is below the size of every view taken later.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/frame_table.h"
#include "storage/ids.h"
#include "storage/stack_tree_view.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace flamekeep::storage {

struct Pair;

// For tests and tools; a store keeps the block size it was made with.
struct DictionaryOptions {
  uint32_t block_shift = kBlockShift;  // blocks of 1 << block_shift nodes
  // Nothing is written, nothing can be interned; damaged files are read from the runs into memory.
  bool read_only = false;
};

struct DictionaryStats {
  uint64_t frames = 0;
  uint64_t stacks = 0;
  uint64_t derived_stacks = 0;  // of these, in mapped files
  uint64_t derived_bytes = 0;   // of the mapped files
  uint64_t memory_bytes = 0;    // anonymous memory, estimated
};

class Dictionary {
 public:
  // Opens the dictionary of the store whose derived files stand in `directory` (made if missing)
  // and whose runs stand in `family`. Files that RocksDB does not name are deleted; a missing or
  // damaged file is rebuilt from the runs. Neither pointer is owned.
  // Errors: DATA_LOSS names the run or the file that can not be read.
  static absl::StatusOr<std::unique_ptr<Dictionary>> Open(std::string directory, rocksdb::DB* db,
                                                          rocksdb::ColumnFamilyHandle* family,
                                                          const DictionaryOptions& options = {});
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // The id of a frame or a stack, given at first sight. Errors: FAILED_PRECONDITION when the id
  // space (2^32) is used up.
  absl::StatusOr<FrameId> InternFrame(std::string_view function, std::string_view file = {});
  absl::StatusOr<StackId> InternStack(absl::Span<const FrameId> root_first);
  absl::StatusOr<StackId> InternChild(StackId parent, FrameId frame);

  // The names of a frame; those of the root for an id that does not exist, as a damaged file may
  // hold it. The views live as long as the dictionary.
  Frame frame(FrameId id) const;
  uint32_t frame_count() const;

  StackTreeView tree() const;

  // H(stack) of the additive digest: H(root) = 0, H(child) = XXH3-128(H(parent) as 16 bytes little
  // endian, function, one zero byte, file). Not stored: computed through a bounded cache.
  unsigned __int128 StackHash(StackId id) const;
  // The same for many: one lock for thousands. REQUIRES: `out` has room for ids.size() hashes.
  void StackHashes(absl::Span<const uint32_t> ids, unsigned __int128* out) const;

  // Committer only. Adds to `batch` the runs of everything that was interned since the last
  // Committed(), and remembers how far that was.
  void TakePending(rocksdb::WriteBatch* batch);
  // Committer only. The batch of the last TakePending() is durable.
  void Committed();
  // Blanking of names: NoteUse() begins to note the stacks of all columns that are committed;
  // PlanBlanking() goes through all stacks for those in `used` (by stack id); BlankUnused() ends
  // the noting and adds to `batch` runs without the names of the frames that neither those nor a
  // noted stack has in its path; how many. In memory they keep their names, and their ids can still
  // be given: NoteStacks(), which is called with each column before TakePending(), has the names
  // written again where one is referred to. Committer only, but for PlanBlanking(): that takes
  // seconds in a large store, and any thread may call it.
  struct Blanking {
    std::vector<bool> in_use;  // frames in the path of a used stack, by id
    std::vector<bool> stacks;  // that have another one in their path, by id
  };
  void NoteUse();
  Blanking PlanBlanking(std::vector<bool> used) const;
  uint64_t BlankUnused(Blanking plan, rocksdb::WriteBatch* batch);
  void NoteStacks(absl::Span<const Pair> pairs);

  // After the committer reopened RocksDB (the old handles are gone).
  void Rebind(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family);

  // Background work, one thread at a time, never the committer's: true while there is a complete
  // committed block that has no derived file yet, or index files to merge.
  bool NeedsDerivation() const;
  // Writes and syncs the next derived file, then adds to `batch` what names it in RocksDB and packs
  // the small runs of that block into large ones. The caller commits `batch` through the committer
  // and then calls DerivationCommitted(), which lets readers and look-ups use the file.
  // REQUIRES: RocksDB stays open during the call.
  absl::Status DeriveNext(rocksdb::WriteBatch* batch);
  absl::Status DerivationCommitted();
  // Verifies the checksum of the next derived file, in turn and round again; files are small enough
  // for a call now and then. What is wrong comes as DATA_LOSS; NeedsDerivation() is true then, and
  // DeriveNext() writes the file again from the runs.
  absl::Status ScrubNext();

  // Verifies the checksums of all derived files and that runs and files agree; one sentence for
  // each fault. Slow: reads everything. REQUIRES: RocksDB stays open during the call.
  std::vector<std::string> Check() const;

  DictionaryStats stats() const;

 private:
  struct Impl;
  explicit Dictionary(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_H_
