// The derived files of a dictionary: which there are, opening and rebuilding them.
//
// Thread safety: none of its own; the dictionary guards it.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_FILES_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_FILES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/derived_file.h"
#include "storage/dictionary_index.h"
#include "storage/dictionary_runs.h"
#include "storage/format.h"
#include "storage/stack_tree.h"

namespace flamekeep::storage {

// The name and the content of block `number`'s nodes file.
DerivedFileId NodesFileId(uint32_t block_shift, uint32_t number);
absl::Status WriteNodesFile(const std::string& directory, uint32_t block_shift, uint32_t number,
                            const StackBlock& block);
OwnedBlock BlockOf(std::shared_ptr<const DerivedFile> file, uint32_t block_shift);

// Reads the nodes of a complete block from its runs. Errors: DATA_LOSS.
absl::StatusOr<OwnedBlock> ReadBlock(const RunSource& source, uint32_t block_shift,
                                     uint32_t number);

// Writes a file again: a block's nodes from its runs, an index from the nodes of its blocks.
absl::StatusOr<std::shared_ptr<const DerivedFile>> RebuildNodesFile(const std::string& directory,
                                                                    const RunSource& source,
                                                                    uint32_t block_shift,
                                                                    uint32_t number);
absl::StatusOr<std::shared_ptr<const DictionaryIndex>> RebuildIndex(
    const std::string& directory, const IndexShape& shape,
    absl::FunctionRef<StackBlock(uint32_t)> block);

struct DictionaryFiles {
  std::vector<std::shared_ptr<const DerivedFile>> nodes;  // by block; null where read into memory
  std::vector<OwnedBlock> blocks;
  DictionaryIndexes indexes;        // if read only, those that can be read
  std::vector<std::string> faults;  // if read only: what is wrong with the others
};

// Opens what `record` names. A file that is missing, or damaged as far as its header tells, is
// written again; if `read_only`, its block is read into memory and its index left out.
// Errors: DATA_LOSS.
absl::StatusOr<DictionaryFiles> OpenDictionaryFiles(const std::string& directory,
                                                    const DerivedRecord& record,
                                                    const RunSource& source, uint32_t block_shift,
                                                    bool read_only);

// Deletes the derived files that `record` does not name, and those that were never finished.
absl::Status DeleteUnnamedFiles(const std::string& directory, const DerivedRecord& record,
                                uint32_t block_shift);

// The first kFanIn neighbours of one size, which are to be merged: their place among the indexes.
std::optional<size_t> FindMerge(const std::vector<DerivedRecord::Index>& indexes);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_FILES_H_
