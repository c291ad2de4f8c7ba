#include "storage/column_scan.h"

#include <algorithm>
#include <utility>

#include "base/cpu_clones.h"
#include "base/status.h"
#include "storage/pair_buckets.h"

namespace flamekeep::storage {
namespace {

// A column of at most so many pairs is decoded at once: in a large store it has few pairs in each
// window, and to come back to it for each of them costs more than to sort them once.
constexpr uint32_t kSmallPairs = 16 * kChunkPairs;

constexpr size_t kStride = 16;  // pairs that are added without a look at each one's window

// A few milliseconds.
constexpr uint32_t kChunksPerCheck = 1024;

constexpr uint32_t kNone = UINT32_MAX;

// Of a large column that is being read.
constexpr size_t kChunkBytes = kChunkPairs * (sizeof(uint32_t) + sizeof(uint32_t));

static_assert(PairBuckets::kWindow == kWindowIds);

}  // namespace

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

ColumnScan::ColumnScan() : buckets_(std::make_unique<PairBuckets>()) {}
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
  while (reader.Next()) {
    if (reader.wide()) {
      buckets_->Add(reader.stacks(), reader.values64(), reader.size());
    } else {
      buckets_->Add(reader.stacks(), reader.values32(), reader.size());
    }
  }
  return reader.status();
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

const size_t ColumnScan::kSlackBytes = PairBuckets::kSlackBytes;

size_t ColumnScan::MaxBytes(const ColumnHeader& header) {
  return header.pairs > kSmallPairs ? 2 * sizeof(Large) + kChunkBytes
                                    : PairBuckets::MaxBytes(header.pairs, header.total);
}

size_t ColumnScan::memory_bytes() const {
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
  if (header_.saturated || sums_may_overflow_) {
    return TakeWindow(window,
                      [sums](uint32_t offset, uint64_t value) { sums->Add(offset, value); });
  }
  return TakeWindow(window,
                    [sums](uint32_t offset, uint64_t value) { sums->AddUnchecked(offset, value); });
}

template <typename Sink>
FLAMEKEEP_CPU_CLONES absl::Status ColumnScan::TakeWindow(uint32_t window, const Sink& sink) {
  buckets_->Take(window, sink);
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
    if (++chunks_ == kChunksPerCheck) {
      chunks_ = 0;
      if (check_ != nullptr) FLAMEKEEP_RETURN_IF_ERROR(check_());
    }
  }
  // Windows are taken from the highest to the lowest: what is above is empty.
  due_.resize(std::min<size_t>(due_.size(), window));
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
