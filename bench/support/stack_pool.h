// All stacks that a generated store knows: those of the corpus, and new ones that branch off them.
//
// A new stack takes the place of another one's last frames: some of its leaf side is cut off and
// the leaf side of a third one is put there, now and then with a function nobody has seen; or it
// ends in an inner node of the tree. The lengths are such that the tree grows as the corpus' own.
//
// A deployment renames functions: from then on every stack that holds one is a new path in the
// tree. Stacks are known by numbers that stay; the path behind a number is looked up when it is
// used.
//
// Thread safety: none.
#ifndef FLAMEKEEP_BENCH_SUPPORT_STACK_POOL_H_
#define FLAMEKEEP_BENCH_SUPPORT_STACK_POOL_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "bench/support/random.h"
#include "storage/dictionary.h"

namespace flamekeep::bench {

inline constexpr std::array<std::string_view, 6> kEntryPoints = {"index", "api",          "load",
                                                                 "rest",  "RunSingleJob", "thumb"};

class StackPool {
 public:
  // `dictionary` is not owned; nobody else interns stacks.
  StackPool(storage::Dictionary* dictionary, uint64_t seed);

  // The number of a stack of the corpus; `*first` tells whether it is new.
  uint32_t Add(std::string_view folded, bool* first);

  // The number of a new stack. `earlier` gives the numbers of stacks to make it of, `draws` is how
  // many samples there have been. Gives an old one where no new one was found in many attempts.
  uint32_t Grow(absl::FunctionRef<uint32_t()> earlier, uint64_t draws);

  // Renames this share of all functions: those that are rare in the corpus.
  void Deploy(double share);

  // Of a stack: an index into kEntryPoints, and its present id.
  uint32_t entry_point(uint32_t number) const { return stacks_[number].entry_point; }
  storage::StackId stack(uint32_t number) {
    const uint32_t id = stacks_[number].id;
    if (id / 64 < outdated_.size() && (outdated_[id / 64] >> id % 64 & 1) != 0) Renew(number);
    return storage::StackId{stacks_[number].id};
  }
  // Lets the memory of a later call come.
  void Prefetch(uint32_t number) const { __builtin_prefetch(&stacks_[number]); }

  uint32_t size() const { return static_cast<uint32_t>(stacks_.size()); }

 private:
  // Functions that more of the corpus' samples than this hold are not renamed.
  static constexpr double kRareShare = 0.001;

  // Small: one is read at a random place for each pair that is written.
  struct Stack {
    uint32_t id : 29;
    uint32_t entry_point : 3;  // index into kEntryPoints
  };
  static_assert(kEntryPoints.size() <= 8);

  uint32_t NewNumber(uint32_t id, uint32_t entry_point);
  bool IsStack(uint32_t id) const {
    return id / 64 < is_stack_.size() && (is_stack_[id / 64] >> id % 64 & 1) != 0;
  }
  // Gives a number the path that its functions' new names make.
  void Renew(uint32_t number);
  // Up to `steps` nodes above `node`; a node for the entry point's file stays.
  storage::StackId Ancestor(storage::StackId node, uint32_t steps);
  // The last frames of a stack, up to `count`, without the first one of all.
  void LeafSide(storage::StackId node, uint32_t count, std::vector<storage::FrameId>* frames);
  storage::FrameId Current(storage::FrameId frame) const;
  storage::FrameId NewFunction();
  const storage::StackTreeView& TreeWith(uint32_t id);

  storage::Dictionary* const dictionary_;
  Random random_;
  storage::StackTreeView tree_;

  std::vector<Stack> stacks_;        // by number
  std::vector<uint64_t> is_stack_;   // bit by id: some number has it
  std::vector<uint64_t> outdated_;   // bit by id: a function on the path was renamed
  std::vector<uint32_t> current_;    // by frame: what it is called now; itself mostly
  std::vector<uint32_t> renamable_;  // frames, under their present names
  absl::flat_hash_map<uint32_t, uint32_t> numbers_;        // of the corpus' stacks, by id
  absl::flat_hash_map<uint32_t, uint32_t> corpus_counts_;  // samples that hold the frame
  uint64_t corpus_samples_ = 0;
  uint64_t lasting_functions_ = 0;
  uint64_t new_functions_ = 0;
  std::vector<storage::FrameId> path_;
  std::vector<storage::FrameId> leaf_side_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_STACK_POOL_H_
