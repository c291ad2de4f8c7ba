// Handing complete blocks over to derived files, merging their indexes, and writing damaged files
// again.
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/status.h"
#include "storage/dictionary_impl.h"

namespace flamekeep::storage {

bool Dictionary::NeedsDerivation() const {
  if (impl_->options.read_only) return false;
  absl::MutexLock lock(&impl_->derive_mutex);
  return !impl_->damaged.empty() || FindMerge(impl_->record.indexes).has_value() ||
         impl_->HasCompleteBlock();
}

absl::Status Dictionary::DeriveNext(rocksdb::WriteBatch* batch) {
  absl::MutexLock lock(&impl_->derive_mutex);
  impl_->pending.reset();
  if (impl_->options.read_only) return absl::OkStatus();
  if (!impl_->damaged.empty()) return impl_->Repair(impl_->damaged.back());
  // Merges go before blocks: an import that outruns derivation must not pile up indexes to ask.
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

  rocksdb::ColumnFamilyHandle* const family = Runs().family;
  RepackStackRuns(view, std::max(number << shift, 1u), (number + 1) << shift, family, batch);
  const uint32_t frame_count = committed_frames.load(std::memory_order_acquire);
  next.packed_frames = packed_frames;
  if (!has_blanks.load()) {
    next.packed_frames = std::max(packed_frames, frame_count - frame_count % kRunFrames);
  }
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
  for (const auto& part : parts) {
    if (!Verify(part->file()).ok()) return Repair(part->file().id());
  }
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

absl::Status Dictionary::Impl::Repair(const DerivedFileId& file) {
  if (file.magic == kNodesMagic) return RepairNodes(file.first_block);
  // An index is made from its blocks' nodes, which have to be right first.
  for (uint32_t number = file.first_block; number < file.end_block; ++number) {
    if (!Verify(*nodes[number]).ok()) return RepairNodes(number);
  }
  PendingDerivation next{
      .record = record, .indexes = tree->indexes(), .packed_frames = packed_frames};
  const StackTreeView view = tree->view();
  for (auto& index : next.indexes) {
    if (index->file().id() != file) continue;
    FLAMEKEEP_ASSIGN_OR_RETURN(index, RebuildIndex(directory, index->shape(), [&](uint32_t number) {
                                 return view.block(number);
                               }));
  }
  next.repaired = file;
  pending = std::move(next);
  return absl::OkStatus();
}

absl::Status Dictionary::Impl::RepairNodes(uint32_t number) {
  PendingDerivation next{
      .record = record, .indexes = tree->indexes(), .packed_frames = packed_frames};
  FLAMEKEEP_ASSIGN_OR_RETURN(next.nodes,
                             RebuildNodesFile(directory, Runs(), options.block_shift, number));
  next.repaired = next.nodes->id();
  pending = std::move(next);
  return absl::OkStatus();
}

absl::Status Dictionary::Impl::Verify(const DerivedFile& file) {
  const absl::Status status = file.VerifyChecksum();
  if (!status.ok() && std::find(damaged.begin(), damaged.end(), file.id()) == damaged.end()) {
    damaged.push_back(file.id());
  }
  return status;
}

absl::Status Dictionary::ScrubNext() {
  absl::MutexLock lock(&impl_->derive_mutex);
  DictionaryIndexes indexes = impl_->tree->indexes();
  const size_t files = impl_->nodes.size() + indexes.size();
  if (impl_->options.read_only || files == 0) return absl::OkStatus();
  const size_t place = impl_->next_scrub++ % files;
  return impl_->Verify(place < impl_->nodes.size() ? *impl_->nodes[place]
                                                   : indexes[place - impl_->nodes.size()]->file());
}

absl::Status Dictionary::DerivationCommitted() {
  absl::MutexLock lock(&impl_->derive_mutex);
  if (!impl_->pending) return absl::OkStatus();
  PendingDerivation next = *std::exchange(impl_->pending, std::nullopt);
  if (next.nodes != nullptr) {
    const uint32_t number = next.nodes->id().first_block;
    impl_->tree->UseBlock(number, BlockOf(next.nodes, impl_->options.block_shift));
    impl_->nodes.resize(next.record.node_blocks);
    impl_->nodes[number] = std::move(next.nodes);
  }
  impl_->tree->UseIndexes(std::move(next.indexes));
  impl_->record = std::move(next.record);
  impl_->packed_frames = next.packed_frames;
  if (next.repaired) std::erase(impl_->damaged, *next.repaired);
  impl_->UpdateDerivedStats();
  // Whoever still reads an index that was merged keeps it mapped; its name is not needed for that.
  return DeleteUnnamedFiles(impl_->directory, impl_->record, impl_->options.block_shift);
}

void Dictionary::Impl::UpdateDerivedStats() {
  uint64_t bytes = 0;
  for (const auto& file : nodes) bytes += file == nullptr ? 0 : file->file_bytes();
  for (const auto& index : tree->indexes()) bytes += index->file().file_bytes();
  derived_bytes.store(bytes, std::memory_order_relaxed);
  derived_stacks.store(uint64_t{record.node_blocks} << options.block_shift,
                       std::memory_order_relaxed);
}

}  // namespace flamekeep::storage
