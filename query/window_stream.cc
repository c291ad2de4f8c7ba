#include "query/window_stream.h"

#include <utility>

#include "base/status.h"

namespace flamekeep::query {

using storage::kWindowIds;

WindowStream::~WindowStream() {
  if (!thread_) return;
  {
    const absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_->join();
}

absl::Status WindowStream::Add(std::string_view encoded) { return scan_.Add(encoded); }

void WindowStream::Start(bool threaded) {
  if (threaded) thread_.emplace([this] { Run(); });
}

absl::StatusOr<const WindowStream::Window*> WindowStream::Fill(Buffer* buffer) {
  const std::optional<uint32_t> number = scan_.NextWindow();
  if (!number) return nullptr;
  // Ids descend: what is too high comes first.
  if (*number > (tree_size_ - 1) / kWindowIds) {
    return DataLoss("a column holds stack {} or above, the dictionary only {} stacks",
                    uint64_t{*number} * kWindowIds, tree_size_);
  }
  FLAMEKEEP_RETURN_IF_ERROR(scan_.AddWindow(*number, &sums_));
  buffer->offsets.resize(kWindowIds);
  buffer->values.resize(kWindowIds);
  uint16_t* offsets = buffer->offsets.data();
  uint64_t* values = buffer->values.data();
  size_t size = 0;
  const bool saturated = sums_.saturated();
  sums_.TakeDescending([&](uint32_t offset, uint64_t value) {
    offsets[size] = static_cast<uint16_t>(offset);
    values[size++] = value;
  });
  buffer->window = {*number, size, offsets, values, saturated};
  return &buffer->window;
}

void WindowStream::Run() {
  for (uint64_t number = 0;; ++number) {
    {
      const auto may_fill = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stop_ || filled_ - done_ < kBuffers;
      };
      const absl::MutexLock lock(&mutex_, absl::Condition(&may_fill));
      if (stop_) return;
    }
    absl::StatusOr<const Window*> window = Fill(&buffers_[number % kBuffers]);
    const bool last = !window.ok() || *window == nullptr;
    const absl::MutexLock lock(&mutex_);
    filled_windows_[number % kBuffers] = std::move(window);
    ++filled_;
    if (last) return;
  }
}

absl::StatusOr<const WindowStream::Window*> WindowStream::Next() {
  if (!thread_) return Fill(&buffers_[0]);
  const auto has_window = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return filled_ > done_; };
  const absl::MutexLock lock(&mutex_);
  if (holds_window_) ++done_;
  mutex_.Await(absl::Condition(&has_window));
  const absl::StatusOr<const Window*>& next = filled_windows_[done_ % kBuffers];
  holds_window_ = next.ok() && *next != nullptr;  // the end and an error stay
  return next;
}

}  // namespace flamekeep::query
