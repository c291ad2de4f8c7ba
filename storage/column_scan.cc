#include "storage/column_scan.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::storage {
namespace {

// A column of at most so many pairs is decoded at once: in a large store it has few pairs in each
// window, and to come back to it for each of them costs more than to sort them once.
constexpr uint32_t kSmallPairs = 4 * kChunkPairs;

constexpr size_t kStride = 16;  // pairs that are added without a look at each one's window

constexpr uint32_t kNone = UINT32_MAX;

}  // namespace

// Pairs by window, in chains of small blocks. A window's entries hold the offset of an id in their
// lowest 16 bits and its value above, or where the value does not fit there, its place in a list.
class ColumnScan::Buckets {
 public:
  void Add(uint32_t stack, uint64_t value) {
    const uint32_t window = stack / kWindowIds;
    if (window >= ends_.size()) ends_.resize(window + 1);
    uint64_t*& end = ends_[window];
    if (reinterpret_cast<uintptr_t>(end) % sizeof(Block) == 0) [[unlikely]] {
      Extend(&end);
    }
    if (value >= kWide) [[unlikely]] {
      wide_.push_back(value);
      value = kWide | (wide_.size() - 1);
    }
    *end++ = value << kOffsetBits | stack % kWindowIds;
  }

  // Forgets windows from `window` on. REQUIRES: they are empty.
  void Shrink(uint32_t window) { ends_.resize(std::min<size_t>(ends_.size(), window)); }
  size_t windows() const { return ends_.size(); }
  bool empty(uint32_t window) const { return window >= ends_.size() || ends_[window] == nullptr; }
  size_t memory_bytes() const {
    return arena_.size() * kArenaBlocks * sizeof(Block) + ends_.capacity() * sizeof(ends_[0]) +
           wide_.capacity() * sizeof(wide_[0]);
  }

  // Gives sink(offset, value) all pairs of the window, which is empty after that.
  template <typename Sink>
  void Take(uint32_t window, const Sink& sink) {
    const uint64_t* end = std::exchange(ends_[window], nullptr);
    while (end != nullptr) {
      // `end` is behind the last entry, so it may be the start of the next block.
      const auto address = reinterpret_cast<uintptr_t>(end - 1) / sizeof(Block) * sizeof(Block);
      const auto* block = reinterpret_cast<const Block*>(address);
      for (const uint64_t* entry = block->entries; entry < end; ++entry) {
        uint64_t value = *entry >> kOffsetBits;
        if (value >= kWide) [[unlikely]] {
          value = wide_[value - kWide];
        }
        sink(static_cast<uint32_t>(*entry % kWindowIds), value);
      }
      end = block->previous;
    }
  }

 private:
  static constexpr int kOffsetBits = 16;
  static_assert(kWindowIds == 1u << kOffsetBits);
  static constexpr uint64_t kWide = uint64_t{1} << (63 - kOffsetBits);
  static constexpr size_t kArenaBlocks = 512;

  struct alignas(128) Block {
    const uint64_t* previous;  // the end of the block before
    uint64_t entries[15];
  };

  void Extend(uint64_t** end) {
    if (arena_used_ == kArenaBlocks) {
      arena_.push_back(std::make_unique_for_overwrite<Block[]>(kArenaBlocks));
      arena_used_ = 0;
    }
    Block* block = &arena_.back()[arena_used_++];
    block->previous = *end;
    *end = block->entries;
  }

  std::vector<uint64_t*> ends_;  // by window: behind its last entry; null where there is none
  std::vector<uint64_t> wide_;
  std::vector<std::unique_ptr<Block[]>> arena_;
  size_t arena_used_ = kArenaBlocks;
};

// A column that is decoded chunk by chunk: the current one from `next` on is still to be added.
struct ColumnScan::Large {
  ColumnReader reader;
  size_t next = 0;
  uint32_t next_due = kNone;  // the next column in the same window
};

void WindowSums::Clear() {
  for (uint32_t word = 0; word < bits_.size(); ++word) {
    for (uint64_t left = bits_[word]; left != 0; left &= left - 1) {
      values_[word * 64 + static_cast<uint32_t>(__builtin_ctzll(left))] = 0;
    }
    bits_[word] = 0;
  }
  saturated_ = false;
}

ColumnScan::ColumnScan() : buckets_(std::make_unique<Buckets>()) {}
ColumnScan::~ColumnScan() = default;
ColumnScan::ColumnScan(ColumnScan&&) noexcept = default;
ColumnScan& ColumnScan::operator=(ColumnScan&&) noexcept = default;

absl::Status ColumnScan::Add(std::string_view encoded) {
  ColumnReader reader;
  FLAMEKEEP_RETURN_IF_ERROR(reader.Open(encoded));
  AddHeader(reader.header(), &header_);
  if (reader.header().pairs > kSmallPairs) {
    large_.push_back({.reader = std::move(reader)});
    return Enqueue(static_cast<uint32_t>(large_.size() - 1));
  }
  while (reader.Next()) AddToBuckets(reader);
  return reader.status();
}

void ColumnScan::AddToBuckets(const ColumnReader& reader) {
  const uint32_t* stacks = reader.stacks();
  if (reader.wide()) {
    for (size_t i = 0; i < reader.size(); ++i) buckets_->Add(stacks[i], reader.value(i));
    return;
  }
  const uint32_t* values = reader.values32();
  for (size_t i = 0; i < reader.size(); ++i) buckets_->Add(stacks[i], values[i]);
}

// Decodes the next chunk where the current one is used up, and hangs the column into its window.
absl::Status ColumnScan::Enqueue(uint32_t number) {
  Large& large = large_[number];
  if (large.next == large.reader.size()) {
    large.next = 0;
    if (!large.reader.Next()) return large.reader.status();
  }
  const uint32_t window = large.reader.stacks()[large.next] / kWindowIds;
  if (window >= due_.size()) due_.resize(window + 1, kNone);
  large.next_due = std::exchange(due_[window], number);
  return absl::OkStatus();
}

size_t ColumnScan::memory_bytes() const {
  constexpr size_t kChunkBytes = kChunkPairs * (sizeof(uint32_t) + sizeof(uint32_t));
  return buckets_->memory_bytes() + due_.capacity() * sizeof(due_[0]) +
         large_.capacity() * sizeof(Large) + large_.size() * kChunkBytes;
}

std::optional<uint32_t> ColumnScan::NextWindow() const {
  for (size_t window = std::max(due_.size(), buckets_->windows()); window-- > 0;) {
    const auto number = static_cast<uint32_t>(window);
    if (!buckets_->empty(number) || (window < due_.size() && due_[window] != kNone)) return number;
  }
  return std::nullopt;
}

absl::Status ColumnScan::AddWindow(uint32_t window, WindowSums* sums) {
  // What does not overflow in the sum of everything does not overflow in any part of it.
  if (header_.saturated) {
    return TakeWindow(window,
                      [sums](uint32_t offset, uint64_t value) { sums->Add(offset, value); });
  }
  return TakeWindow(window,
                    [sums](uint32_t offset, uint64_t value) { sums->AddUnchecked(offset, value); });
}

template <typename Sink>
absl::Status ColumnScan::TakeWindow(uint32_t window, const Sink& sink) {
  if (!buckets_->empty(window)) buckets_->Take(window, sink);
  const uint32_t first_id = window * kWindowIds;
  // A column that starts a new chunk inside the window is hung into it again.
  while (window < due_.size() && due_[window] != kNone) {
    const uint32_t number = due_[window];
    Large& large = large_[number];
    due_[window] = large.next_due;
    const ColumnReader& reader = large.reader;
    const uint32_t* stacks = reader.stacks();
    size_t next = large.next;
    if (reader.wide()) {
      for (; next < reader.size() && stacks[next] >= first_id; ++next) {
        sink(stacks[next] % kWindowIds, reader.value(next));
      }
    } else {
      const uint32_t* values = reader.values32();
      const size_t size = reader.size();
      for (; next + kStride <= size && stacks[next + kStride - 1] >= first_id; next += kStride) {
        for (size_t i = next; i < next + kStride; ++i) sink(stacks[i] % kWindowIds, values[i]);
      }
      for (; next < size && stacks[next] >= first_id; ++next) {
        sink(stacks[next] % kWindowIds, values[next]);
      }
    }
    large.next = next;
    FLAMEKEEP_RETURN_IF_ERROR(Enqueue(number));
  }
  // Windows are taken from the highest to the lowest: what is above is empty.
  buckets_->Shrink(window);
  due_.resize(std::min<size_t>(due_.size(), window));
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
