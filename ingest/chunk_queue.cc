#include "ingest/chunk_queue.h"

#include <utility>

namespace flamekeep::ingest {
namespace {

// More than these are given back to the system: a queue that was full once should not stay large.
constexpr size_t kSpareBuffers = 16;
constexpr size_t kMaxSpareBytes = size_t{1} << 20;

}  // namespace

bool ChunkQueue::TryPush(Chunk* chunk) {
  absl::MutexLock lock(&mutex_);
  // One chunk is always taken, whatever its size.
  if (bytes_ > 0 && bytes_ + chunk->lines.size() > max_bytes_) return false;
  bytes_ += chunk->lines.size();
  chunks_.push_back(std::move(*chunk));
  return true;
}

bool ChunkQueue::Pop(Chunk* chunk) {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_ || !chunks_.empty();
  };
  mutex_.Await(absl::Condition(&ready));
  if (chunks_.empty()) return false;
  *chunk = std::move(chunks_.front());
  chunks_.pop_front();
  bytes_ -= chunk->lines.size();
  return true;
}

void ChunkQueue::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

size_t ChunkQueue::bytes() const {
  absl::MutexLock lock(&mutex_);
  return bytes_;
}

size_t ChunkQueue::size() const {
  absl::MutexLock lock(&mutex_);
  return chunks_.size();
}

std::string ChunkQueue::TakeBuffer() {
  absl::MutexLock lock(&mutex_);
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ChunkQueue::GiveBuffer(std::string buffer) {
  if (buffer.capacity() > kMaxSpareBytes) return;
  buffer.clear();
  absl::MutexLock lock(&mutex_);
  if (buffers_.size() < kSpareBuffers) buffers_.push_back(std::move(buffer));
}

}  // namespace flamekeep::ingest
