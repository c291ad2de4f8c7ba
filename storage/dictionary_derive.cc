// Handing complete blocks over to derived files, and merging their indexes.
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "storage/dictionary_impl.h"

namespace flamekeep::storage {

bool Dictionary::NeedsDerivation() const {
  if (impl_->options.read_only) return false;
  absl::MutexLock lock(&impl_->derive_mutex);
  return FindMerge(impl_->record.indexes).has_value() || impl_->HasCompleteBlock();
}

absl::Status Dictionary::DeriveNext(rocksdb::WriteBatch* batch) {
  absl::MutexLock lock(&impl_->derive_mutex);
  impl_->pending.reset();
  if (impl_->options.read_only) return absl::OkStatus();
  if (std::optional<size_t> place = FindMerge(impl_->record.indexes)) {
    return impl_->DeriveMerge(*place, batch);
  }
  if (impl_->HasCompleteBlock()) return impl_->DeriveBlock(batch);
  return absl::OkStatus();
}

bool Dictionary::Impl::HasCompleteBlock() const {
  return (uint64_t{record.node_blocks} + 1) << options.block_shift <=
         committed_stacks.load(std::memory_order_acquire);
}

absl::Status Dictionary::Impl::DeriveBlock(rocksdb::WriteBatch* batch) {
  const uint32_t shift = options.block_shift;
  const uint32_t number = record.node_blocks;
  const StackTreeView view = tree->view();
  FLAMEKEEP_RETURN_IF_ERROR(WriteNodesFile(directory, shift, number, view.block(number)));
  const IndexShape shape{shift, number, number + 1};
  FLAMEKEEP_RETURN_IF_ERROR(
      BuildIndex(directory, shape, [&](uint32_t block) { return view.block(block); }));

  PendingDerivation next{.record = record, .indexes = tree->indexes()};
  FLAMEKEEP_ASSIGN_OR_RETURN(next.nodes, DerivedFile::Open(directory, NodesFileId(shift, number)));
  FLAMEKEEP_ASSIGN_OR_RETURN(next.indexes.emplace_back(), DictionaryIndex::Open(directory, shape));
  next.record.node_blocks = number + 1;
  next.record.indexes.push_back({number, number + 1});

  rocksdb::ColumnFamilyHandle* const family = FamilyHandle();
  RepackStackRuns(view, std::max(number << shift, 1u), (number + 1) << shift, family, batch);
  const uint32_t frame_count = committed_frames.load(std::memory_order_acquire);
  next.packed_frames = std::max(packed_frames, frame_count - frame_count % kRunFrames);
  RepackFrameRuns(frames, packed_frames, next.packed_frames, family, batch);
  batch->Put(MetaKey(MetaTag::kDerived), EncodeDerived(next.record));
  pending = std::move(next);
  return absl::OkStatus();
}

absl::Status Dictionary::Impl::DeriveMerge(size_t place, rocksdb::WriteBatch* batch) {
  PendingDerivation next{
      .record = record, .indexes = tree->indexes(), .packed_frames = packed_frames};
  const auto first = next.indexes.begin() + static_cast<ptrdiff_t>(place);
  const DictionaryIndexes parts(first, first + kIndexFanIn);
  const IndexShape shape{options.block_shift, parts.front()->shape().first_block,
                         parts.back()->shape().end_block};
  FLAMEKEEP_RETURN_IF_ERROR(MergeIndexes(directory, shape, parts));

  FLAMEKEEP_ASSIGN_OR_RETURN(*first, DictionaryIndex::Open(directory, shape));
  next.indexes.erase(first + 1, first + kIndexFanIn);
  const auto named = next.record.indexes.begin() + static_cast<ptrdiff_t>(place);
  *named = {shape.first_block, shape.end_block};
  next.record.indexes.erase(named + 1, named + kIndexFanIn);
  batch->Put(MetaKey(MetaTag::kDerived), EncodeDerived(next.record));
  pending = std::move(next);
  return absl::OkStatus();
}

absl::Status Dictionary::DerivationCommitted() {
  absl::MutexLock lock(&impl_->derive_mutex);
  if (!impl_->pending) return absl::OkStatus();
  PendingDerivation next = *std::exchange(impl_->pending, std::nullopt);
  if (next.nodes != nullptr) {
    impl_->tree->UseBlock(impl_->record.node_blocks,
                          BlockOf(next.nodes, impl_->options.block_shift));
    impl_->nodes.push_back(std::move(next.nodes));
  }
  impl_->tree->UseIndexes(std::move(next.indexes));
  impl_->record = std::move(next.record);
  impl_->packed_frames = next.packed_frames;
  // Whoever still reads an index that was merged keeps it mapped; its name is not needed for that.
  return DeleteUnnamedFiles(impl_->directory, impl_->record, impl_->options.block_shift);
}

}  // namespace flamekeep::storage
