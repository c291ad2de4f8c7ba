#include "storage/dictionary_index.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/format.h"
#include "storage/node_hash.h"

namespace flamekeep::storage {
namespace {

// What BuildIndex sorts at a time: 32 MiB.
constexpr uint64_t kSortedAtOnce = uint64_t{1} << 22;

// Takes entries in the order of the file and writes both parts of the payload.
class IndexWriter {
 public:
  IndexWriter(DerivedFileWriter* file, const IndexShape& shape)
      : shape_(shape), directory_(file, 0), entries_(file, shape.directory_bytes()) {}

  absl::Status Add(uint64_t hash, uint32_t id) {
    FLAMEKEEP_RETURN_IF_ERROR(StartSlots(hash >> shape_.tag_bits()));
    const uint64_t tag = hash & ((uint64_t{1} << shape_.tag_bits()) - 1);
    const uint64_t entry = tag << shape_.id_bits() | (id - shape_.first_id());
    ++count_;
    return entries_.Append(&entry, kIndexEntryBytes);
  }

  absl::Status Finish() {
    FLAMEKEEP_RETURN_IF_ERROR(StartSlots(shape_.slots()));
    constexpr uint64_t kZeros = 0;
    FLAMEKEEP_RETURN_IF_ERROR(entries_.Append(&kZeros, kIndexPadding));
    FLAMEKEEP_RETURN_IF_ERROR(entries_.Flush());
    FLAMEKEEP_RETURN_IF_ERROR(directory_.Flush());
    if (count_ == shape_.entries()) return absl::OkStatus();
    return DataLoss("{} came out with {} entries instead of {}", shape_.file().name(), count_,
                    shape_.entries());
  }

 private:
  // Lets every slot up to `slot` begin at the next entry, unless it has begun before.
  absl::Status StartSlots(uint64_t slot) {
    while (next_slot_ <= slot) {
      const uint32_t offset = static_cast<uint32_t>(count_);
      FLAMEKEEP_RETURN_IF_ERROR(directory_.Append(&offset, sizeof(offset)));
      ++next_slot_;
    }
    return absl::OkStatus();
  }

  IndexShape shape_;
  DerivedFileStream directory_;
  DerivedFileStream entries_;
  uint64_t next_slot_ = 0;
  uint64_t count_ = 0;
};

}  // namespace

bool IndexShape::valid() const {
  if (end_block <= first_block || block_shift <= kIndexSlotEntriesLog2) return false;
  const uint32_t span = end_block - first_block;
  return std::has_single_bit(span) && std::countr_zero(span) % std::countr_zero(kIndexFanIn) == 0 &&
         first_block % span == 0 && id_bits() <= 32;
}

uint32_t IndexShape::id_bits() const {
  return block_shift + static_cast<uint32_t>(std::countr_zero(end_block - first_block));
}

DerivedFileId IndexShape::file() const {
  return {.magic = kIndexMagic,
          .first_block = first_block,
          .end_block = end_block,
          .entries = entries(),
          .payload_bytes = payload_bytes()};
}

DictionaryIndex::DictionaryIndex(const IndexShape& shape, std::shared_ptr<const DerivedFile> file)
    : shape_(shape),
      file_(std::move(file)),
      directory_(reinterpret_cast<const uint32_t*>(file_->payload().data())),
      entry_bytes_(file_->payload().data() + shape.directory_bytes()),
      entries_(shape.entries()),
      slots_(shape.slots()),
      first_id_(shape.first_id()),
      id_bits_(shape.id_bits()),
      tag_bits_(shape.tag_bits()) {}

absl::StatusOr<std::shared_ptr<const DictionaryIndex>> DictionaryIndex::Open(
    const std::string& directory, const IndexShape& shape) {
  FLAMEKEEP_ASSIGN_OR_RETURN(auto file, DerivedFile::Open(directory, shape.file()));
  return std::shared_ptr<const DictionaryIndex>(new DictionaryIndex(shape, std::move(file)));
}

absl::Status BuildIndex(const std::string& directory, const IndexShape& shape,
                        absl::FunctionRef<StackBlock(uint32_t)> block) {
  FLAMEKEEP_ASSIGN_OR_RETURN(auto file, DerivedFileWriter::Create(directory, shape.file()));
  IndexWriter writer(file.get(), shape);
  const uint64_t block_nodes = uint64_t{1} << shape.block_shift;
  // One pass over the nodes for each range of hashes that is small enough to be sorted in memory.
  const uint32_t pass_bits =
      shape.ids() <= kSortedAtOnce
          ? 0
          : static_cast<uint32_t>(std::countr_zero(shape.ids() / kSortedAtOnce));
  // In a pass the upper bits of the hash are known: the others and the id fit 64 bits.
  const uint32_t id_bits = shape.id_bits();
  const uint32_t free_bits = kIndexHashBits - pass_bits;
  std::vector<uint64_t> sorted;
  for (uint64_t pass = 0; pass < uint64_t{1} << pass_bits; ++pass) {
    sorted.clear();
    for (uint32_t number = shape.first_block; number < shape.end_block; ++number) {
      const StackBlock nodes = block(number);
      const uint64_t first_offset = uint64_t{number - shape.first_block} << shape.block_shift;
      for (uint64_t i = number == 0 ? 1 : 0; i < block_nodes; ++i) {
        const uint64_t hash = NodeHash(nodes.parent[i], nodes.frame[i]) >> (64 - kIndexHashBits);
        if (hash >> free_bits != pass) continue;
        sorted.push_back((hash ^ pass << free_bits) << id_bits | (first_offset + i));
      }
    }
    std::sort(sorted.begin(), sorted.end());
    for (const uint64_t key : sorted) {
      const uint32_t offset = static_cast<uint32_t>(key & ((uint64_t{1} << id_bits) - 1));
      FLAMEKEEP_RETURN_IF_ERROR(
          writer.Add(pass << free_bits | key >> id_bits, shape.first_id() + offset));
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(writer.Finish());
  return file->Finish();
}

absl::Status MergeIndexes(const std::string& directory, const IndexShape& shape,
                          const DictionaryIndexes& parts) {
  FLAMEKEEP_ASSIGN_OR_RETURN(auto file, DerivedFileWriter::Create(directory, shape.file()));
  IndexWriter writer(file.get(), shape);
  std::vector<DictionaryIndex::Cursor> cursors;
  for (const auto& part : parts) {
    // A wrong byte must not be copied under a right checksum.
    FLAMEKEEP_RETURN_IF_ERROR(part->file().VerifyChecksum());
    cursors.emplace_back(part.get());
  }
  for (;;) {
    // With four inputs a plain scan for the smallest is as fast as a heap. Parts ascend in ids, so
    // among equal hashes the first one is the smaller id.
    DictionaryIndex::Cursor* smallest = nullptr;
    uint64_t smallest_hash = 0;
    for (DictionaryIndex::Cursor& cursor : cursors) {
      if (cursor.done()) continue;
      const uint64_t hash = cursor.hash();
      if (smallest == nullptr || hash < smallest_hash) {
        smallest = &cursor;
        smallest_hash = hash;
      }
    }
    if (smallest == nullptr) break;
    FLAMEKEEP_RETURN_IF_ERROR(writer.Add(smallest_hash, smallest->id()));
    smallest->Next();
  }
  FLAMEKEEP_RETURN_IF_ERROR(writer.Finish());
  return file->Finish();
}

}  // namespace flamekeep::storage
