// Verifying a dictionary: its derived files against their checksums and each other, its runs
// against both.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/dictionary_impl.h"
#include "storage/node_hash.h"

namespace flamekeep::storage {
namespace {

// Part of a sum over (hash, id) pairs that does not depend on their order.
uint64_t PairWeight(uint64_t hash, uint32_t id) {
  return NodeHash(id, static_cast<uint32_t>(hash)) * ((hash >> 32) * 2 + 1);
}

class DictionaryChecker {
 public:
  // `has_blanks`: runs may be without names that are known in memory.
  DictionaryChecker(const StackTreeView& tree, const FrameTable& frames, bool has_blanks)
      : tree_(tree), frames_(frames), has_blanks_(has_blanks) {}

  void CheckNodesFiles(const std::vector<std::shared_ptr<const DerivedFile>>& files) {
    damaged_blocks_.resize(files.size());
    for (size_t number = 0; number < files.size(); ++number) {
      // Without a file the block was read from the runs; opening told why.
      if (files[number] == nullptr) continue;
      damaged_blocks_[number] = !Passes(files[number]->VerifyChecksum());
    }
  }

  void CheckIndex(const DictionaryIndex& index) {
    if (!Passes(index.file().VerifyChecksum())) return;
    const IndexShape& shape = index.shape();
    uint64_t weight = 0;
    for (uint32_t number = shape.first_block; number < shape.end_block; ++number) {
      // What is wrong there has been said.
      if (damaged_blocks_[number]) return;
      const StackBlock& block = tree_.block(number);
      for (uint32_t i = number == 0 ? 1 : 0; i < tree_.block_nodes(); ++i) {
        weight += PairWeight(HashOf(block, i), (number << shape.block_shift) + i);
      }
    }
    uint64_t last_hash = 0;
    StackId last{0};
    for (DictionaryIndex::Cursor cursor(&index); !cursor.done(); cursor.Next()) {
      const uint64_t hash = cursor.hash();
      const StackId id{cursor.id()};
      weight -= PairWeight(hash, cursor.id());
      if (hash < last_hash) return Fault("{} is not sorted", index.file().path());
      if (hash == last_hash && last != kRootStack && tree_.parent(id) == tree_.parent(last) &&
          tree_.frame(id) == tree_.frame(last)) {
        Fault("stacks {} and {} are the same", Raw(last), Raw(id));
      }
      last_hash = hash;
      last = id;
    }
    if (weight != 0) Fault("{} does not hold the stacks of its blocks", index.file().path());
  }

  void CheckFrameRuns(const RunSource& source, uint32_t committed) {
    uint32_t end = 1;
    const bool read = Passes(ReadFrameRuns(
        source, [&](uint32_t first, absl::Span<const FrameNames> names) -> absl::Status {
          end = first + static_cast<uint32_t>(names.size());
          for (size_t i = 0; i < names.size() && first + i < frames_.size(); ++i) {
            const Frame frame = frames_.frame(FrameId{first + static_cast<uint32_t>(i)});
            if (frame.function == names[i].function && frame.file == names[i].file) continue;
            if (has_blanks_ && names[i] == FrameNames{}) continue;
            Fault("the frame run at {} does not match frame {}", first, first + i);
            break;
          }
          return absl::OkStatus();
        }));
    if (read && end < committed) Fault("the frame run at {} is missing", end);
  }

  void CheckStackRuns(const RunSource& source, uint32_t committed) {
    const auto end = ReadStackRuns(source, 1, UINT32_MAX,
                                   [&](uint32_t first, absl::Span<const uint32_t> parents,
                                       absl::Span<const uint32_t> frames) -> absl::Status {
                                     CompareRun(first, parents, frames);
                                     return absl::OkStatus();
                                   });
    if (Passes(end.status()) && *end < committed) Fault("the stack run at {} is missing", *end);
  }

  void AddFaults(const std::vector<std::string>& faults) {
    faults_.insert(faults_.end(), faults.begin(), faults.end());
  }
  std::vector<std::string> TakeFaults() { return std::move(faults_); }

 private:
  static uint64_t HashOf(const StackBlock& block, uint32_t place) {
    return NodeHash(block.parent[place], block.frame[place]) >> (64 - kIndexHashBits);
  }

  void CompareRun(uint32_t first, absl::Span<const uint32_t> parents,
                  absl::Span<const uint32_t> frames) {
    for (uint32_t i = 0; i < parents.size() && first + i < tree_.size(); ++i) {
      const StackId id{first + i};
      if (frames[i] >= frames_.size()) {
        return Fault("the stack run at {}: stack {} has no frame {}", first, Raw(id), frames[i]);
      }
      const uint32_t number = Raw(id) / tree_.block_nodes();
      if (number < damaged_blocks_.size() && damaged_blocks_[number]) continue;
      if (parents[i] != Raw(tree_.parent(id)) || frames[i] != Raw(tree_.frame(id))) {
        return Fault("the stack run at {} does not match stack {} of block {}", first, Raw(id),
                     number);
      }
    }
  }

  bool Passes(const absl::Status& status) {
    if (!status.ok()) faults_.push_back(Message(status));
    return status.ok();
  }
  template <typename... Args>
  void Fault(fmt::format_string<Args...> format, Args&&... args) {
    faults_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  const StackTreeView& tree_;
  const FrameTable& frames_;
  const bool has_blanks_;
  std::vector<bool> damaged_blocks_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> Dictionary::Check() const {
  // Before the view is taken: the runs may hold more, never less.
  const uint32_t committed_stacks = impl_->committed_stacks.load(std::memory_order_acquire);
  const uint32_t committed_frames = impl_->committed_frames.load(std::memory_order_acquire);
  std::vector<std::shared_ptr<const DerivedFile>> nodes;
  DictionaryIndexes indexes;
  {
    absl::MutexLock lock(&impl_->derive_mutex);
    nodes = impl_->nodes;
    indexes = impl_->tree->indexes();
  }
  const StackTreeView tree = impl_->tree->view();
  DictionaryChecker checker(tree, impl_->frames, impl_->has_blanks.load());
  checker.AddFaults(impl_->open_faults);
  checker.CheckNodesFiles(nodes);
  for (const auto& index : indexes) checker.CheckIndex(*index);
  const RunSource runs = impl_->Runs();
  checker.CheckFrameRuns(runs, committed_frames);
  checker.CheckStackRuns(runs, committed_stacks);
  return checker.TakeFaults();
}

}  // namespace flamekeep::storage
