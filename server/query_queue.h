// Threads that run queries, in an order that is fair: clients take turns, whoever they are, so that
// one with a hundred queries does not hold up one with a single one; and long queries run on all
// threads but one, so that they never hold up short ones.
//
// Every query is weighed first, on a thread of the queue: a short one then runs at once, a long one
// waits for its turn among the long ones. A long query is never put off for short ones: what can
// run long ones looks for them first.
//
// At most `max_waiting` wait in all. Beyond that a query is refused, or takes the place of the
// newest one of the client that has most waiting, which is then the one that is refused. Queries
// whose caller has gone give up their places.
//
// The threads have a lower priority than those of ingest: where the processors are busy, they get
// about a third of the time that a thread of ingest gets.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_SERVER_QUERY_QUEUE_H_
#define FLAMEKEEP_SERVER_QUERY_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"

namespace flamekeep::server {

class QueryQueue {
 public:
  struct Query {
    // Called once: with OK where it is to run, on a thread of the queue; else with the reason,
    // on any thread, also that of Post(): then it must be quick.
    absl::AnyInvocable<void(const absl::Status& admitted) &&> run;
    // Whether it takes long; on a thread of the queue. Empty: it does not.
    std::function<bool()> is_long;
    // Whether nobody waits for it any more. Empty: somebody does.
    std::function<bool()> is_gone;
  };

  struct Options {
    std::string name;        // of the threads, at most 15 bytes
    size_t threads = 2;      // that run long queries, too; there is one more
    size_t max_waiting = 1;  // at least 1
    Metrics* metrics;        // not owned
  };

  explicit QueryQueue(const Options& options);
  // Stops.
  ~QueryQueue();
  QueryQueue(const QueryQueue&) = delete;
  QueryQueue& operator=(const QueryQueue&) = delete;

  // Admission errors: RESOURCE_EXHAUSTED where there is no place, UNAVAILABLE once it is stopped.
  void Post(std::string_view client, Query query) ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes no more queries, runs those that wait and ends the threads. Not from a query.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  size_t waiting() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Queries that wait, by client; clients take turns.
  class Lane {
   public:
    void Push(const std::string& client, Query query);
    // REQUIRES: not empty.
    std::pair<std::string, Query> Pop();
    // The newest one of a client. REQUIRES: it has one.
    Query Displace(const std::string& client);
    // Moves those that are gone to `gone`.
    void RemoveGone(std::vector<Query>* gone);

    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    size_t SizeOf(const std::string& client) const;
    const std::map<std::string, std::deque<Query>>& clients() const { return clients_; }

   private:
    void Forget(std::map<std::string, std::deque<Query>>::iterator client);

    std::map<std::string, std::deque<Query>> clients_;  // none is empty
    std::string last_;                                  // whose turn it was
    size_t size_ = 0;
  };

  void Run(bool runs_long) ABSL_LOCKS_EXCLUDED(mutex_);
  size_t Waiting() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return new_.size() + long_.size(); }
  // Makes a place for a query of `client`; who is refused for it goes to `refused`. False where
  // there is none.
  bool MakePlace(const std::string& client, std::vector<Query>* refused)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ShowWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Refusal();

  const Options options_;
  Counter& refused_;
  Gauge& waiting_gauge_;
  Gauge& running_gauge_;

  mutable absl::Mutex mutex_;
  Lane new_ ABSL_GUARDED_BY(mutex_);             // not weighed
  Lane long_ ABSL_GUARDED_BY(mutex_);            // weighed
  size_t weighing_ ABSL_GUARDED_BY(mutex_) = 0;  // may come to long_
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_QUERY_QUEUE_H_
