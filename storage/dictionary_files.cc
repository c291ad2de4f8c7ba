#include "storage/dictionary_files.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "base/status.h"
#include "storage/young_block.h"

namespace flamekeep::storage {
namespace {

IndexShape ShapeOf(const DerivedRecord::Index& index, uint32_t block_shift) {
  return {block_shift, index.first_block, index.end_block};
}

// Whether a new file made from the runs would help.
bool CanBeRebuilt(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsDataLoss(status);
}

absl::Status OpenBlock(const std::string& directory, const RunSource& source, uint32_t block_shift,
                       uint32_t number, bool read_only, DictionaryFiles* files) {
  auto file = DerivedFile::Open(directory, NodesFileId(block_shift, number));
  if (!file.ok()) {
    if (!CanBeRebuilt(file.status())) return file.status();
    if (read_only) {
      files->faults.push_back(Message(file.status()));
      FLAMEKEEP_ASSIGN_OR_RETURN(OwnedBlock block, ReadBlock(source, block_shift, number));
      files->nodes.push_back(nullptr);
      files->blocks.push_back(std::move(block));
      return absl::OkStatus();
    }
    spdlog::warn("{}: it is written again", Message(file.status()));
    file = RebuildNodesFile(directory, source, block_shift, number);
    if (!file.ok()) return file.status();
  }
  files->nodes.push_back(*file);
  files->blocks.push_back(BlockOf(*std::move(file), block_shift));
  return absl::OkStatus();
}

absl::Status OpenIndex(const std::string& directory, const RunSource& source,
                       const IndexShape& shape, bool read_only, DictionaryFiles* files) {
  auto index = DictionaryIndex::Open(directory, shape);
  if (!index.ok()) {
    if (!CanBeRebuilt(index.status())) return index.status();
    if (read_only) {
      files->faults.push_back(Message(index.status()));
      return absl::OkStatus();
    }
    spdlog::warn("{}: it is written again", Message(index.status()));
    for (uint32_t number = shape.first_block; number < shape.end_block; ++number) {
      // A wrong byte must not be copied under a right checksum.
      if (files->nodes[number]->VerifyChecksum().ok()) continue;
      FLAMEKEEP_ASSIGN_OR_RETURN(files->nodes[number],
                                 RebuildNodesFile(directory, source, shape.block_shift, number));
      files->blocks[number] = BlockOf(files->nodes[number], shape.block_shift);
    }
    index = RebuildIndex(directory, shape,
                         [&](uint32_t number) { return files->blocks[number].block; });
    if (!index.ok()) return index.status();
  }
  files->indexes.push_back(*std::move(index));
  return absl::OkStatus();
}

}  // namespace

DerivedFileId NodesFileId(uint32_t block_shift, uint32_t number) {
  const uint64_t nodes = uint64_t{1} << block_shift;
  return {.magic = kNodesMagic,
          .first_block = number,
          .end_block = number + 1,
          .entries = nodes,
          .payload_bytes = nodes * 2 * sizeof(uint32_t)};
}

absl::Status WriteNodesFile(const std::string& directory, uint32_t block_shift, uint32_t number,
                            const StackBlock& block) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      auto writer, DerivedFileWriter::Create(directory, NodesFileId(block_shift, number)));
  const size_t array_bytes = sizeof(uint32_t) << block_shift;
  FLAMEKEEP_RETURN_IF_ERROR(
      writer->Write(0, {reinterpret_cast<const char*>(block.parent), array_bytes}));
  FLAMEKEEP_RETURN_IF_ERROR(
      writer->Write(array_bytes, {reinterpret_cast<const char*>(block.frame), array_bytes}));
  return writer->Finish();
}

OwnedBlock BlockOf(std::shared_ptr<const DerivedFile> file, uint32_t block_shift) {
  const auto* const parent = reinterpret_cast<const uint32_t*>(file->payload().data());
  return {{parent, parent + (size_t{1} << block_shift)}, std::move(file)};
}

absl::StatusOr<OwnedBlock> ReadBlock(const RunSource& source, uint32_t block_shift,
                                     uint32_t number) {
  auto nodes = std::make_shared<NodeArrays>(uint32_t{1} << block_shift);
  const uint32_t begin = number << block_shift;
  const uint32_t end = (number + 1) << block_shift;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const uint32_t read_end,
      ReadStackRuns(source, std::max(begin, 1u), end,
                    [&](uint32_t first, absl::Span<const uint32_t> parents,
                        absl::Span<const uint32_t> frames) {
                      std::copy(parents.begin(), parents.end(), nodes->parent() + (first - begin));
                      std::copy(frames.begin(), frames.end(), nodes->frame() + (first - begin));
                      return absl::OkStatus();
                    }));
  if (read_end != end) return DataLoss("the stack run at {} is missing", read_end);
  return OwnedBlock{nodes->block(), nodes};
}

absl::StatusOr<std::shared_ptr<const DerivedFile>> RebuildNodesFile(const std::string& directory,
                                                                    const RunSource& source,
                                                                    uint32_t block_shift,
                                                                    uint32_t number) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const OwnedBlock block, ReadBlock(source, block_shift, number));
  FLAMEKEEP_RETURN_IF_ERROR(WriteNodesFile(directory, block_shift, number, block.block));
  return DerivedFile::Open(directory, NodesFileId(block_shift, number));
}

absl::StatusOr<std::shared_ptr<const DictionaryIndex>> RebuildIndex(
    const std::string& directory, const IndexShape& shape,
    absl::FunctionRef<StackBlock(uint32_t)> block) {
  FLAMEKEEP_RETURN_IF_ERROR(BuildIndex(directory, shape, block));
  return DictionaryIndex::Open(directory, shape);
}

absl::StatusOr<DictionaryFiles> OpenDictionaryFiles(const std::string& directory,
                                                    const DerivedRecord& record,
                                                    const RunSource& source, uint32_t block_shift,
                                                    bool read_only) {
  DictionaryFiles files;
  for (uint32_t number = 0; number < record.node_blocks; ++number) {
    FLAMEKEEP_RETURN_IF_ERROR(OpenBlock(directory, source, block_shift, number, read_only, &files));
  }
  for (const DerivedRecord::Index& index : record.indexes) {
    const IndexShape shape = ShapeOf(index, block_shift);
    if (!shape.valid()) {
      return DataLoss("RocksDB names an impossible dictionary index {}-{}", index.first_block,
                      index.end_block);
    }
    FLAMEKEEP_RETURN_IF_ERROR(OpenIndex(directory, source, shape, read_only, &files));
  }
  return files;
}

absl::Status DeleteUnnamedFiles(const std::string& directory, const DerivedRecord& record,
                                uint32_t block_shift) {
  absl::flat_hash_set<std::string> named;
  for (uint32_t number = 0; number < record.node_blocks; ++number) {
    named.insert(NodesFileId(block_shift, number).name());
  }
  for (const DerivedRecord::Index& index : record.indexes) {
    named.insert(ShapeOf(index, block_shift).file().name());
  }
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    // Other names are not ours to delete.
    const bool derived = name.starts_with("nodes-") || name.starts_with("index-");
    if (derived && !named.contains(name)) std::filesystem::remove(entry->path(), error);
  }
  if (!error) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "can not clean up {}: {}", directory,
               error.message());
}

std::optional<size_t> FindMerge(const std::vector<DerivedRecord::Index>& indexes) {
  for (size_t i = 0; i + kIndexFanIn <= indexes.size(); ++i) {
    const uint32_t span = indexes[i].end_block - indexes[i].first_block;
    const DerivedRecord::Index& last = indexes[i + kIndexFanIn - 1];
    // Spans are powers of the fan-in and aligned: this sum leaves no other sizes.
    if (indexes[i].first_block % (span * kIndexFanIn) == 0 &&
        last.end_block - indexes[i].first_block == span * kIndexFanIn) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace flamekeep::storage
