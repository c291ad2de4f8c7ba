// Which nodes of a stack tree repeat a frame of one of their ancestors: with it a function that
// calls itself counts once in its total, however deep it goes.
//
//   RepeatTable table;                                     // kept as long as the tree
//   Repeats repeats(tree, frame_count, &table, context);   // of one pass
//   if (!repeats.Of(id)) totals[frame[id]] += total_of_the_subtree;
//   FLAMEKEEP_RETURN_IF_ERROR(repeats.status());
//
// What is found is kept in the table, two bits a node, for all who ask about the same tree later:
// nodes never change, and a tree that grew keeps those it had. Only what was asked for is looked
// at, with its ancestors: the first question about a node costs the way to the root (some 0.3
// microseconds in a large tree), later ones a look at the table.
//
// Thread safety: RepeatTable all methods; Repeats none.
// Errors: DATA_LOSS (a tree that breaks the order of ids, or has a frame above the last), and those
// of the context; kept in status().
#ifndef FLAMEKEEP_QUERY_REPEATS_H_
#define FLAMEKEEP_QUERY_REPEATS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "query/context.h"
#include "storage/stack_tree_view.h"
#include "storage/zeroed_array.h"

namespace flamekeep::query {

class RepeatTable {
 public:
  enum class Answer : uint8_t { kUnknown = 0, kFirst = 2, kRepeats = 3 };

  RepeatTable() : blocks_(kBlocks) {}
  ~RepeatTable();
  RepeatTable(const RepeatTable&) = delete;
  RepeatTable& operator=(const RepeatTable&) = delete;

  Answer Get(uint32_t id) const {
    const Block* block = blocks_[id / kBlockIds].load(std::memory_order_acquire);
    if (block == nullptr) return Answer::kUnknown;
    const uint64_t word = (*block)[WordOf(id)].load(std::memory_order_relaxed);
    return static_cast<Answer>(word >> ShiftOf(id) & 3);
  }

  void Set(uint32_t id, bool repeats) {
    const uint64_t answer = static_cast<uint64_t>(repeats ? Answer::kRepeats : Answer::kFirst);
    BlockOf(id)[WordOf(id)].fetch_or(answer << ShiftOf(id), std::memory_order_relaxed);
  }

  // Grows with the ids that were asked for, 16 KiB for each 65,536.
  uint64_t memory_bytes() const {
    return blocks_in_use_.load(std::memory_order_relaxed) * sizeof(Block);
  }

 private:
  static constexpr uint32_t kBlockIds = 1u << 16;
  static constexpr uint32_t kBlocks = 1u << 16;  // for all ids of 32 bits
  static constexpr uint32_t kIdsPerWord = 32;
  using Block = std::array<std::atomic<uint64_t>, kBlockIds / kIdsPerWord>;

  static uint32_t WordOf(uint32_t id) { return id % kBlockIds / kIdsPerWord; }
  static uint32_t ShiftOf(uint32_t id) { return id % kIdsPerWord * 2; }
  Block& BlockOf(uint32_t id);

  storage::ZeroedArray<std::atomic<Block*>> blocks_;
  std::atomic<uint64_t> blocks_in_use_ = 0;
};

class Repeats {
 public:
  // The tree, the table and the context must outlive the object; the table is of this tree, perhaps
  // as it was when it was smaller.
  Repeats(const storage::StackTreeView& tree, uint32_t frame_count, RepeatTable* table,
          const Context& context);

  // Whether a proper ancestor of the node has its frame. Anything, once there is an error.
  // REQUIRES: id < tree.size().
  bool Of(uint32_t id) {
    const RepeatTable::Answer known = table_->Get(id);
    return known != RepeatTable::Answer::kUnknown ? known == RepeatTable::Answer::kRepeats
                                                  : Find(id);
  }

  const absl::Status& status() const { return status_; }

  // Besides the table.
  uint64_t memory_bytes() const { return seen_.size() * sizeof(uint32_t); }

 private:
  struct Node {
    uint32_t id;
    uint32_t frame;
  };

  bool Find(uint32_t id);
  // The parent of a node; the root, and the damage noted, where it is not below it.
  uint32_t ParentOf(uint32_t id);
  // Notes that the frame is on the path that is being looked at; false, and the damage noted, where
  // there is no such frame.
  bool See(uint32_t frame);

  const storage::StackTreeView& tree_;
  RepeatTable* const table_;
  const Context& context_;
  absl::Status status_;
  std::vector<uint32_t> seen_;  // by frame: the last path that it was seen on
  uint32_t path_ = 0;           // counts them
  std::vector<Node> fresh_;     // scratch
  uint64_t steps_since_check_ = 0;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_REPEATS_H_
