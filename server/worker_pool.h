// Threads that take tasks from a bounded queue, so that front ends never run long work themselves.
//
// Thread safety: all methods. Tasks start in the order in which they were posted.
#ifndef FLAMEKEEP_SERVER_WORKER_POOL_H_
#define FLAMEKEEP_SERVER_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace flamekeep::server {

class WorkerPool {
 public:
  using Task = absl::AnyInvocable<void() &&>;

  // `name` is that of the threads, at most 15 bytes. At most `max_queued` tasks wait.
  WorkerPool(const std::string& name, size_t threads, size_t max_queued);
  // Stops.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False where the queue is full or the pool is stopped; the task is then destroyed.
  [[nodiscard]] bool TryPost(Task task);

  // Takes no more tasks, runs those that wait and ends the threads. Not from a task.
  void Stop();

  size_t queued() const;

 private:
  void Run();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !queue_.empty() || stopped_; }

  const size_t max_queued_;
  mutable absl::Mutex mutex_;
  std::deque<Task> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_WORKER_POOL_H_
