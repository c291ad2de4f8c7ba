#include "storage/dictionary.h"

#include <rocksdb/write_batch.h>

#include <string>
#include <utility>

#include "base/status.h"
#include "storage/dictionary_blank.h"
#include "storage/dictionary_impl.h"

namespace flamekeep::storage {
namespace {

absl::Status ReadOnlyError() {
  return Error(absl::StatusCode::kFailedPrecondition, "the dictionary is open for reading only");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dictionary>> Dictionary::Open(std::string directory, rocksdb::DB* db,
                                                             rocksdb::ColumnFamilyHandle* family,
                                                             const DictionaryOptions& options) {
  auto impl = std::make_unique<Impl>(std::move(directory), options, RunSource{db, family});
  FLAMEKEEP_RETURN_IF_ERROR(impl->Load());
  return std::unique_ptr<Dictionary>(new Dictionary(std::move(impl)));
}

Dictionary::Dictionary(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dictionary::~Dictionary() = default;

absl::StatusOr<FrameId> Dictionary::InternFrame(std::string_view function, std::string_view file) {
  if (impl_->options.read_only) return ReadOnlyError();
  return impl_->frames.Intern(function, file);
}

absl::StatusOr<StackId> Dictionary::InternStack(absl::Span<const FrameId> root_first) {
  if (impl_->options.read_only) return ReadOnlyError();
  const uint32_t frames = impl_->frames.size();
  for (const FrameId frame : root_first) {
    if (Raw(frame) >= frames) return InvalidArgument("there is no frame {}", Raw(frame));
  }
  return impl_->tree->InternStack(root_first);
}

absl::StatusOr<StackId> Dictionary::InternChild(StackId parent, FrameId frame) {
  if (impl_->options.read_only) return ReadOnlyError();
  if (Raw(frame) >= impl_->frames.size()) {
    return InvalidArgument("there is no frame {}", Raw(frame));
  }
  return impl_->tree->InternChild(parent, frame);
}

Frame Dictionary::frame(FrameId id) const {
  return impl_->frames.frame(Raw(id) < impl_->frames.size() ? id : kRootFrame);
}
uint32_t Dictionary::frame_count() const { return impl_->frames.size(); }
StackTreeView Dictionary::tree() const { return impl_->tree->view(); }

unsigned __int128 Dictionary::StackHash(StackId id) const { return impl_->hasher->Hash(id); }

void Dictionary::StackHashes(absl::Span<const uint32_t> ids, unsigned __int128* out) const {
  impl_->hasher->Hash(ids, out);
}

void Dictionary::TakePending(rocksdb::WriteBatch* batch) {
  rocksdb::ColumnFamilyHandle* const family = impl_->Runs().family;
  const DictionarySize now = impl_->CurrentSize();
  PutFrameRuns(impl_->frames, impl_->committed.frames, now.frames, family, batch);
  PutStackRuns(impl_->tree->view(), impl_->committed.stacks, now.stacks, family, batch);
  if (!impl_->blank.restored.empty()) {
    RepackGroups(impl_->frames, impl_->blank, impl_->committed.frames, impl_->Runs(), batch);
  }
  impl_->taken = now;
}

void Dictionary::Committed() { impl_->Committed(); }

void Dictionary::Rebind(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
  absl::MutexLock lock(&impl_->source_mutex);
  impl_->source = {db, family};
}

DictionaryStats Dictionary::stats() const {
  DictionaryStats stats;
  stats.frames = impl_->frames.size();
  stats.stacks = impl_->tree->size();
  stats.memory_bytes =
      impl_->frames.memory_bytes() + impl_->tree->memory_bytes() + impl_->hasher->memory_bytes();
  stats.derived_stacks = impl_->derived_stacks.load(std::memory_order_relaxed);
  stats.derived_bytes = impl_->derived_bytes.load(std::memory_order_relaxed);
  return stats;
}

void Dictionary::Impl::Committed() {
  committed = taken;
  blank.restored.clear();
  // Frames first: who sees the stacks sees their frames.
  committed_frames.store(committed.frames, std::memory_order_release);
  committed_stacks.store(committed.stacks, std::memory_order_release);
}

RunSource Dictionary::Impl::Runs() const {
  absl::MutexLock lock(&source_mutex);
  return source;
}

DictionarySize Dictionary::Impl::CurrentSize() const {
  // A stack's frames are older than the stack: in this order none is left out.
  const uint32_t stacks = tree->size();
  return {.frames = frames.size(), .stacks = stacks};
}

}  // namespace flamekeep::storage
