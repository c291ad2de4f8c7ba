// What a Dictionary is made of. For dictionary*.cc only.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_IMPL_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_IMPL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/derived_file.h"
#include "storage/dictionary.h"
#include "storage/dictionary_files.h"
#include "storage/dictionary_runs.h"
#include "storage/format.h"
#include "storage/frame_table.h"
#include "storage/stack_hash.h"
#include "storage/stack_tree.h"

namespace flamekeep::storage {

// How far frames and stacks go.
struct DictionarySize {
  uint32_t frames = 1;  // the root's
  uint32_t stacks = 1;  // the root
};

// A derived file that is written and synced but not in use yet.
struct PendingDerivation {
  DerivedRecord record;                      // as it is to be
  std::shared_ptr<const DerivedFile> nodes;  // of a new or repaired block, or null
  DictionaryIndexes indexes;                 // all of them
  uint32_t packed_frames = 1;
  std::optional<DerivedFileId> repaired;
};

// What is known of frames whose names are blank in the runs.
struct BlankNames {
  bool noting = false;
  std::vector<bool> noted;      // stacks of commits since NoteUse(), by id
  std::vector<bool> frames;     // blank in the runs and not in memory, by id
  std::vector<bool> stacks;     // which had one of them in their path when it was blanked, by id
  std::set<uint32_t> restored;  // groups of runs that the next commit writes again, by first id
};

struct Dictionary::Impl {
  Impl(std::string directory_, const DictionaryOptions& options_, const RunSource& source_)
      : directory(std::move(directory_)), options(options_), source(source_) {}

  absl::Status Load();
  absl::Status LoadFrames(const RunSource& runs);
  absl::Status LoadYoungStacks(const RunSource& runs);

  void Committed();
  // The frames and stacks that are there, such that no stack has a frame beyond.
  DictionarySize CurrentSize() const;
  RunSource Runs() const;
  // Marks the blanked frames in the path of a stack as no longer blank.
  void RestorePath(StackId stack, const StackTreeView& view);

  bool HasCompleteBlock() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);
  absl::Status DeriveBlock(rocksdb::WriteBatch* batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);
  absl::Status DeriveMerge(size_t place, rocksdb::WriteBatch* batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);
  // Writes a file again from the runs, or first one that it is made from.
  absl::Status Repair(const DerivedFileId& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);
  absl::Status RepairNodes(uint32_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);
  void UpdateDerivedStats() ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);
  // Verifies a file and remembers it if it is damaged.
  absl::Status Verify(const DerivedFile& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex);

  const std::string directory;
  const DictionaryOptions options;

  FrameTable frames;
  std::unique_ptr<StackTree> tree;       // set by Load()
  std::unique_ptr<StackHasher> hasher;   // set by Load()
  std::vector<std::string> open_faults;  // set by Load(); only where nothing may be repaired

  mutable absl::Mutex source_mutex;
  RunSource source ABSL_GUARDED_BY(source_mutex);

  // The committer's own.
  DictionarySize taken;
  DictionarySize committed;
  BlankNames blank;
  // For derivation and checks: whether some frame was blanked since Open(). Frame runs stay as they
  // are then, as packing them would race with their names.
  std::atomic<bool> has_blanks{false};
  // As above; for derivation, which may run while the committer does.
  std::atomic<uint32_t> committed_frames{1};
  std::atomic<uint32_t> committed_stacks{1};

  // For stats(), which must not wait for a derivation.
  std::atomic<uint64_t> derived_stacks{0};
  std::atomic<uint64_t> derived_bytes{0};

  mutable absl::Mutex derive_mutex;
  DerivedRecord record ABSL_GUARDED_BY(derive_mutex);  // as RocksDB has it
  std::vector<std::shared_ptr<const DerivedFile>> nodes ABSL_GUARDED_BY(derive_mutex);
  // Frame runs below are of full size. Found out at Open, as nothing depends on it.
  uint32_t packed_frames ABSL_GUARDED_BY(derive_mutex) = 1;
  std::optional<PendingDerivation> pending ABSL_GUARDED_BY(derive_mutex);
  // Found by Verify() and not repaired yet.
  std::vector<DerivedFileId> damaged ABSL_GUARDED_BY(derive_mutex);
  size_t next_scrub ABSL_GUARDED_BY(derive_mutex) = 0;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_IMPL_H_
