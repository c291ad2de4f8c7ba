#include "query/window_stream.h"

#include <utility>

#include "base/status.h"

namespace flamekeep::query {

using storage::kWindowIds;
using storage::WindowSums;

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

absl::StatusOr<WindowStream::Item> WindowStream::Fill(WindowSums* sums) {
  const std::optional<uint32_t> window = scan_.NextWindow();
  if (!window) return Item();
  // Ids descend: what is too high comes first.
  if (*window > (tree_size_ - 1) / kWindowIds) {
    return DataLoss("a column holds stack {} or above, the dictionary only {} stacks",
                    uint64_t{*window} * kWindowIds, tree_size_);
  }
  FLAMEKEEP_RETURN_IF_ERROR(scan_.AddWindow(*window, sums));
  return Item{*window, sums};
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
    WindowSums* sums = &buffers_[number % kBuffers];
    sums->Clear();
    absl::StatusOr<Item> item = Fill(sums);
    const bool last = !item.ok() || item->sums == nullptr;
    const absl::MutexLock lock(&mutex_);
    items_[number % kBuffers] = std::move(item);
    ++filled_;
    if (last) return;
  }
}

absl::StatusOr<WindowStream::Item> WindowStream::Next() {
  if (!thread_) {
    buffers_[0].Clear();
    return Fill(&buffers_[0]);
  }
  const auto has_item = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return filled_ > done_; };
  absl::MutexLock lock(&mutex_);
  if (std::exchange(taken_, true)) ++done_;
  mutex_.Await(absl::Condition(&has_item));
  return items_[done_ % kBuffers];
}

}  // namespace flamekeep::query
