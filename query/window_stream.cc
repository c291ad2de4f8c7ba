#include "query/window_stream.h"

#include <algorithm>
#include <utility>

#include "base/cpu_clones.h"
#include "base/status.h"

namespace flamekeep::query {

using storage::kWindowIds;

namespace {

constexpr uint64_t kBytesPerWindow = kWindowIds * (sizeof(uint16_t) + sizeof(uint64_t));

}  // namespace

uint64_t WindowStream::Packed::bytes() const {
  return size * (sizeof(uint16_t) + (values32 != nullptr ? sizeof(uint32_t) : sizeof(uint64_t)));
}

WindowStream::~WindowStream() {
  if (!thread_) return;
  {
    const absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_->join();
}

absl::Status WindowStream::Add(std::string_view encoded) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header, storage::DecodeHeader(encoded));
  storage::AddHeader(header, &header_);
  scan_bytes_ += storage::ColumnScan::MaxBytes(header);
  columns_.push_back({encoded, header.pairs});
  return absl::OkStatus();
}

uint64_t WindowStream::memory_bytes(bool threaded) const {
  const uint64_t windows = uint64_t{tree_size_} / kWindowIds + 1;
  // Few pairs lie in few windows.
  const uint64_t slack =
      std::min(windows, uint64_t{header().pairs}) * storage::ColumnScan::kSlackBytes;
  const uint64_t scan =
      scan_bytes_ + (threaded ? 2 : 1) * slack + columns_.capacity() * sizeof(columns_[0]);
  const uint64_t sums = kWindowIds * sizeof(uint64_t) + kBytesPerWindow;
  if (!threaded) return scan + sums;
  // One window more may be added to what waits, and one is used.
  const uint64_t waiting =
      std::min(uint64_t{header().pairs} * (sizeof(uint16_t) + sizeof(uint64_t)), kMaxWaitingBytes);
  return scan + sums + 2 * kBytesPerWindow + waiting;
}

void WindowStream::Start(bool threaded) {
  for (const Column& column : columns_) {
    Part* part = &parts_[0];
    if (threaded && parts_[1].pairs < part->pairs) part = &parts_[1];
    part->columns.push_back(column.encoded);
    part->pairs += column.pairs;
  }
  columns_ = {};
  if (threaded) thread_.emplace([this] { Run(); });
  TakeIn(&parts_[0]);
  const absl::MutexLock lock(&mutex_);
  first_is_in_ = true;
}

void WindowStream::TakeIn(Part* part) {
  part->scan.SetCheck(check_);
  // A part may not overflow where the sum of both does.
  if (header_.saturated) part->scan.SetSumsMayOverflow();
  for (const std::string_view column : part->columns) {
    if (failed_) return;
    part->status = check_ != nullptr ? check_() : absl::OkStatus();
    if (part->status.ok()) part->status = part->scan.Add(column);
    if (!part->status.ok()) failed_ = true;
  }
}

std::optional<uint32_t> WindowStream::NextWindow() const {
  // Nothing is less than any number.
  return std::max(parts_[0].scan.NextWindow(), parts_[1].scan.NextWindow());
}

FLAMEKEEP_CPU_CLONES absl::StatusOr<const WindowStream::Window*> WindowStream::Fill() {
  for (const Part& part : parts_) FLAMEKEEP_RETURN_IF_ERROR(part.status);
  const std::optional<uint32_t> number = NextWindow();
  if (!number) return nullptr;
  // Ids descend: what is too high comes first.
  if (*number > (tree_size_ - 1) / kWindowIds) {
    return DataLoss("a column holds stack {} or above, the dictionary only {} stacks",
                    uint64_t{*number} * kWindowIds, tree_size_);
  }
  for (Part& part : parts_) {
    if (part.scan.NextWindow() == number) {
      FLAMEKEEP_RETURN_IF_ERROR(part.scan.AddWindow(*number, &sums_));
    }
  }
  offsets_.resize(kWindowIds);
  values_.resize(kWindowIds);
  size_t size = 0;
  const bool saturated = sums_.saturated();
  sums_.TakeDescending([&](uint32_t offset, uint64_t value) {
    offsets_[size] = static_cast<uint16_t>(offset);
    values_[size++] = value;
  });
  // Ids descend: the first one is the highest.
  const uint64_t highest = uint64_t{*number} * kWindowIds + offsets_[0];
  if (size > 0 && highest >= tree_size_) {
    return DataLoss("a column holds stack {}, the dictionary only {} stacks", highest, tree_size_);
  }
  filled_ = {*number, size, offsets_.data(), values_.data(), saturated};
  return &filled_;
}

WindowStream::Packed WindowStream::Pack(const absl::StatusOr<const Window*>& filled) const {
  Packed packed;
  packed.error = filled.status();
  if (!filled.ok() || *filled == nullptr) return packed;
  const Window& window = **filled;
  packed.number = window.number;
  packed.size = window.size;
  packed.saturated = window.saturated;
  packed.offsets.reset(new uint16_t[window.size]);
  std::copy_n(window.offsets, window.size, packed.offsets.get());
  uint64_t any = 0;
  for (size_t i = 0; i < window.size; ++i) any |= window.values[i];
  if (any <= UINT32_MAX) {
    packed.values32.reset(new uint32_t[window.size]);
    std::copy_n(window.values, window.size, packed.values32.get());
  } else {
    packed.values64.reset(new uint64_t[window.size]);
    std::copy_n(window.values, window.size, packed.values64.get());
  }
  return packed;
}

absl::StatusOr<const WindowStream::Window*> WindowStream::Unpack() {
  FLAMEKEEP_RETURN_IF_ERROR(current_.error);
  if (current_.is_last()) return nullptr;
  unpacked_ = {current_.number, current_.size, current_.offsets.get(), current_.values64.get(),
               current_.saturated};
  if (current_.values32 != nullptr) {
    unpacked_values_.resize(kWindowIds);
    std::copy_n(current_.values32.get(), current_.size, unpacked_values_.data());
    unpacked_.values = unpacked_values_.data();
  }
  return &unpacked_;
}

void WindowStream::Run() {
  TakeIn(&parts_[1]);
  mutex_.LockWhen(absl::Condition(&first_is_in_));
  mutex_.Unlock();
  while (true) {
    Packed packed = Pack(Fill());
    const bool last = packed.is_last();
    const auto may_wait = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return stop_ || waiting_bytes_ <= kMaxWaitingBytes;
    };
    const absl::MutexLock lock(&mutex_, absl::Condition(&may_wait));
    if (stop_) return;
    waiting_bytes_ += packed.bytes();
    waiting_.push_back(std::move(packed));
    if (last) return;
  }
}

absl::StatusOr<const WindowStream::Window*> WindowStream::Next() {
  if (!thread_) return Fill();
  {
    const auto has_window = [this]()
                                ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !waiting_.empty(); };
    const absl::MutexLock lock(&mutex_, absl::Condition(&has_window));
    if (waiting_.front().is_last()) {  // the end and an error stay
      current_ = Packed();
      current_.error = waiting_.front().error;
    } else {
      current_ = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= current_.bytes();
    }
  }
  return Unpack();
}

}  // namespace flamekeep::query
