// Opening a dictionary: the record of the derived files, the files, and the runs that are younger.
#include <rocksdb/db.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "storage/dictionary_impl.h"

namespace flamekeep::storage {
namespace {

absl::StatusOr<DerivedRecord> ReadRecord(rocksdb::DB* db) {
  std::string encoded;
  const rocksdb::Status status =
      db->Get(rocksdb::ReadOptions(), MetaKey(MetaTag::kDerived), &encoded);
  if (status.IsNotFound()) return DerivedRecord{};
  if (!status.ok()) {
    return DataLoss("can not read the derived files' record: {}", status.ToString());
  }
  return DecodeDerived(encoded);
}

}  // namespace

absl::Status Dictionary::Impl::Load() {
  const RunSource runs = Runs();
  FLAMEKEEP_ASSIGN_OR_RETURN(const DerivedRecord named, ReadRecord(runs.db));
  if (!options.read_only) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
      return Error(absl::StatusCode::kUnavailable, "can not make {}: {}", directory,
                   error.message());
    }
    FLAMEKEEP_RETURN_IF_ERROR(DeleteUnnamedFiles(directory, named, options.block_shift));
  }
  FLAMEKEEP_RETURN_IF_ERROR(LoadFrames(runs));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      DictionaryFiles files,
      OpenDictionaryFiles(directory, named, runs, options.block_shift, options.read_only));
  open_faults = std::move(files.faults);
  tree = std::make_unique<StackTree>(options.block_shift, std::move(files.blocks),
                                     std::move(files.indexes));
  {
    absl::MutexLock lock(&derive_mutex);
    record = named;
    nodes = std::move(files.nodes);
    UpdateDerivedStats();
  }
  FLAMEKEEP_RETURN_IF_ERROR(LoadYoungStacks(runs));
  hasher = std::make_unique<StackHasher>(&frames, tree.get());
  taken = CurrentSize();
  Committed();
  return absl::OkStatus();
}

absl::Status Dictionary::Impl::LoadFrames(const RunSource& runs) {
  absl::MutexLock lock(&derive_mutex);
  return ReadFrameRuns(
      runs,
      [this](uint32_t first, absl::Span<const FrameNames> names)
          ABSL_EXCLUSIVE_LOCKS_REQUIRED(derive_mutex) -> absl::Status {
            uint32_t id = first;
            for (const FrameNames& frame : names) {
              const bool no_name = frame.function.empty() && frame.file.empty();
              FLAMEKEEP_ASSIGN_OR_RETURN(
                  const FrameId given,
                  no_name ? frames.AddBlank() : frames.Intern(frame.function, frame.file));
              if (Raw(given) != id) {
                return DataLoss("the frame run at {}: frame {} is the same as {}", first, id,
                                Raw(given));
              }
              ++id;
            }
            if (first == packed_frames && id % kRunFrames == 0) packed_frames = id;
            return absl::OkStatus();
          });
}

absl::Status Dictionary::Impl::LoadYoungStacks(const RunSource& runs) {
  const uint32_t frame_count = frames.size();
  return ReadStackRuns(runs, tree->size(), UINT32_MAX,
                       [this, frame_count](uint32_t first, absl::Span<const uint32_t> parents,
                                           absl::Span<const uint32_t> frame_ids) -> absl::Status {
                         for (size_t i = 0; i < frame_ids.size(); ++i) {
                           if (frame_ids[i] >= frame_count) {
                             return DataLoss("the stack run at {}: stack {} has no frame {}", first,
                                             first + i, frame_ids[i]);
                           }
                         }
                         return tree->AppendNodes(parents, frame_ids);
                       })
      .status();
}

}  // namespace flamekeep::storage
