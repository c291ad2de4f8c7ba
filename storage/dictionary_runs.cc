#include "storage/dictionary_runs.h"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/database.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kRunKeyBytes = 5;
constexpr size_t kReadahead = size_t{1} << 20;

std::string_view KindName(RunTag tag) { return tag == RunTag::kFrames ? "frame" : "stack"; }

// Walks over the runs of one kind; checks that each starts where the one before it ended.
class RunIterator {
 public:
  RunIterator(const RunSource& source, RunTag tag, uint32_t first)
      : tag_(tag), next_id_(first), upper_(1, static_cast<char>(static_cast<char>(tag) + 1)) {
    upper_slice_ = upper_;
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper_slice_;
    options.readahead_size = kReadahead;
    options.fill_cache = false;
    iterator_.reset(source.db->NewIterator(options, source.family));
    iterator_->Seek(RunKey(tag, first));
  }

  // False at the end or at an error.
  bool Valid() {
    if (!status_.ok() || !iterator_->Valid()) return false;
    const std::string_view key = View(iterator_->key());
    if (key == RunKey(tag_, next_id_)) return true;
    status_ = DataLoss("the {} run at {} is missing: the next key in RocksDB has {} bytes, id {}",
                       KindName(tag_), next_id_, key.size(), IdOf(key));
    return false;
  }
  uint32_t id() const { return next_id_; }
  std::string_view value() const { return View(iterator_->value()); }
  // `count` is how many ids the current run holds.
  void Next(size_t count) {
    if (count == 0 || count > UINT32_MAX - next_id_) {
      status_ = DataLoss("the {} run at {} has {} entries", KindName(tag_), next_id_, count);
      return;
    }
    next_id_ += static_cast<uint32_t>(count);
    iterator_->Next();
  }
  absl::Status Damaged(const absl::Status& status) const {
    return DataLoss("the {} run at {}: {}", KindName(tag_), next_id_, Message(status));
  }
  absl::Status status() const {
    if (!status_.ok() || iterator_->status().ok()) return status_;
    return DataLoss("can not read the {} run at {}: {}", KindName(tag_), next_id_,
                    iterator_->status().ToString());
  }

 private:
  static uint64_t IdOf(std::string_view key) {
    uint64_t id = 0;
    for (const char byte : key.substr(std::min<size_t>(key.size(), 1), kRunKeyBytes - 1)) {
      id = id << 8 | static_cast<uint8_t>(byte);
    }
    return id;
  }

  RunTag tag_;
  uint32_t next_id_;
  std::string upper_;
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  absl::Status status_;
};

// The end of the group of `size` ids that holds `id`, at most `end`.
uint32_t GroupEnd(uint32_t id, uint32_t size, uint32_t end) {
  return static_cast<uint32_t>(std::min<uint64_t>(end, (uint64_t{id} / size + 1) * size));
}

}  // namespace

absl::Status ReadFrameRuns(const RunSource& source, FrameRunVisitor visit) {
  RunIterator runs(source, RunTag::kFrames, 1);
  while (runs.Valid()) {
    absl::StatusOr<std::vector<FrameNames>> frames = DecodeFrameRun(runs.value());
    if (!frames.ok()) return runs.Damaged(frames.status());
    FLAMEKEEP_RETURN_IF_ERROR(visit(runs.id(), *frames));
    runs.Next(frames->size());
  }
  return runs.status();
}

absl::StatusOr<uint32_t> ReadStackRuns(const RunSource& source, uint32_t first, uint32_t end,
                                       StackRunVisitor visit) {
  RunIterator runs(source, RunTag::kStacks, first);
  std::vector<uint32_t> parents, frames;
  while (runs.id() < end && runs.Valid()) {
    parents.clear();
    frames.clear();
    if (absl::Status status = DecodeStackRun(runs.id(), runs.value(), &parents, &frames);
        !status.ok()) {
      return runs.Damaged(status);
    }
    if (parents.size() > end - runs.id()) {
      return runs.Damaged(DataLoss("it reaches beyond {}", end));
    }
    FLAMEKEEP_RETURN_IF_ERROR(visit(runs.id(), parents, frames));
    runs.Next(parents.size());
  }
  FLAMEKEEP_RETURN_IF_ERROR(runs.status());
  return runs.id();
}

void PutFrameRuns(const FrameTable& frames, uint32_t begin, uint32_t end,
                  rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch,
                  const std::vector<bool>* blank) {
  std::vector<FrameNames> names;
  while (begin < end) {
    const uint32_t run_end = GroupEnd(begin, kRunFrames, end);
    names.clear();
    for (uint32_t id = begin; id < run_end; ++id) {
      if (blank != nullptr && id < blank->size() && (*blank)[id]) {
        names.emplace_back();
        continue;
      }
      const Frame frame = frames.frame(FrameId{id});
      names.push_back({std::string(frame.function), std::string(frame.file)});
    }
    batch->Put(family, RunKey(RunTag::kFrames, begin), EncodeFrameRun(names));
    begin = run_end;
  }
}

void PutStackRuns(const StackTreeView& tree, uint32_t begin, uint32_t end,
                  rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch) {
  const uint32_t block_nodes = tree.block_nodes();
  while (begin < end) {
    const uint32_t run_end = GroupEnd(begin, std::min(kRunNodes, block_nodes), end);
    const StackBlock& block = tree.block(begin / block_nodes);
    const uint32_t place = begin % block_nodes;
    batch->Put(family, RunKey(RunTag::kStacks, begin),
               EncodeStackRun(begin, {block.parent + place, run_end - begin},
                              {block.frame + place, run_end - begin}));
    begin = run_end;
  }
}

void RepackFrameRuns(const FrameTable& frames, uint32_t begin, uint32_t end,
                     rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch) {
  if (begin == end) return;
  batch->DeleteRange(family, RunKey(RunTag::kFrames, begin), RunKey(RunTag::kFrames, end));
  PutFrameRuns(frames, begin, end, family, batch);
}

void ReplaceFrameRuns(const FrameTable& frames, uint32_t begin, uint32_t end,
                      const RunSource& source, rocksdb::WriteBatch* batch,
                      const std::vector<bool>* blank) {
  const std::string first = RunKey(RunTag::kFrames, begin);
  const std::string last = RunKey(RunTag::kFrames, end);
  const rocksdb::Slice upper(last);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const auto it =
      std::unique_ptr<rocksdb::Iterator>(source.db->NewIterator(options, source.family));
  for (it->Seek(first); it->Valid(); it->Next()) batch->Delete(source.family, it->key());
  // What can not be read goes all the same.
  if (!it->status().ok()) batch->DeleteRange(source.family, first, last);
  PutFrameRuns(frames, begin, end, source.family, batch, blank);
}

void RepackStackRuns(const StackTreeView& tree, uint32_t begin, uint32_t end,
                     rocksdb::ColumnFamilyHandle* family, rocksdb::WriteBatch* batch) {
  batch->DeleteRange(family, RunKey(RunTag::kStacks, begin), RunKey(RunTag::kStacks, end));
  PutStackRuns(tree, begin, end, family, batch);
}

}  // namespace flamekeep::storage
