#include "query/column_counter.h"

#include <utility>

#include "base/status.h"

namespace flamekeep::query {

ColumnCounter::ColumnCounter(Count count, bool threaded) : count_(std::move(count)) {
  if (threaded) helper_.emplace([this] { Run(); });
}

ColumnCounter::~ColumnCounter() {
  if (!helper_) return;
  {
    const absl::MutexLock lock(&mutex_);
    waiting_.clear();
    finished_ = true;
  }
  helper_->join();
}

ColumnCounter::Column ColumnCounter::Take() {
  if (waiting_.empty()) return nullptr;
  Column column = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= column->encoded().size();
  return column;
}

absl::Status ColumnCounter::Add(Column column) {
  if (!helper_) return count_(*column);
  const uint64_t bytes = column->encoded().size();
  {
    const absl::MutexLock lock(&mutex_);
    FLAMEKEEP_RETURN_IF_ERROR(error_);
    if (waiting_.size() < kMaxWaiting && waiting_bytes_ + bytes <= kMaxWaitingBytes) {
      waiting_.push_back(std::move(column));
      waiting_bytes_ += bytes;
      return absl::OkStatus();
    }
  }
  return count_(*column);
}

absl::Status ColumnCounter::Finish() {
  if (!helper_) return absl::OkStatus();
  while (true) {
    Column column;
    {
      const absl::MutexLock lock(&mutex_);
      finished_ = true;
      column = Take();
    }
    if (column == nullptr) break;
    FLAMEKEEP_RETURN_IF_ERROR(count_(*column));
  }
  helper_->join();
  helper_.reset();
  const absl::MutexLock lock(&mutex_);
  return error_;
}

void ColumnCounter::Run() {
  while (true) {
    Column column;
    {
      const auto has_work = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return finished_ || !waiting_.empty();
      };
      const absl::MutexLock lock(&mutex_, absl::Condition(&has_work));
      column = Take();
      if (column == nullptr) return;
    }
    const absl::Status status = count_(*column);
    if (status.ok()) continue;
    const absl::MutexLock lock(&mutex_);
    error_ = status;
    return;
  }
}

}  // namespace flamekeep::query
