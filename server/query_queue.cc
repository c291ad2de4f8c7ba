#include "server/query_queue.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/status.h"

namespace flamekeep::server {

namespace {

// Of the threads, below the process's own: each step is a tenth less of the processors' time.
constexpr int kNicer = 5;

}  // namespace

void QueryQueue::Lane::Push(const std::string& client, Query query) {
  clients_[client].push_back(std::move(query));
  ++size_;
}

std::pair<std::string, QueryQueue::Query> QueryQueue::Lane::Pop() {
  auto next = clients_.upper_bound(last_);
  if (next == clients_.end()) next = clients_.begin();
  last_ = next->first;
  Query query = std::move(next->second.front());
  next->second.pop_front();
  Forget(next);
  return {last_, std::move(query)};
}

QueryQueue::Query QueryQueue::Lane::Displace(const std::string& client) {
  const auto found = clients_.find(client);
  Query query = std::move(found->second.back());
  found->second.pop_back();
  Forget(found);
  return query;
}

void QueryQueue::Lane::Forget(std::map<std::string, std::deque<Query>>::iterator client) {
  --size_;
  if (client->second.empty()) clients_.erase(client);
}

void QueryQueue::Lane::RemoveGone(std::vector<Query>* gone) {
  for (auto client = clients_.begin(); client != clients_.end();) {
    std::deque<Query>& queries = client->second;
    std::deque<Query> waiting;
    for (Query& query : queries) {
      if (query.is_gone != nullptr && query.is_gone()) {
        gone->push_back(std::move(query));
        --size_;
      } else {
        waiting.push_back(std::move(query));
      }
    }
    queries = std::move(waiting);
    client = queries.empty() ? clients_.erase(client) : std::next(client);
  }
}

size_t QueryQueue::Lane::SizeOf(const std::string& client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? 0 : found->second.size();
}

QueryQueue::QueryQueue(const Options& options)
    : options_(options),
      refused_(
          options.metrics->GetCounter("queries_refused_total", Severity::kError,
                                      "queries that were refused because too many were waiting")),
      waiting_gauge_(options.metrics->GetGauge("queries_waiting", "queries that wait for a thread",
                                               {{"queue", options.name}})),
      running_gauge_(options.metrics->GetGauge("queries_running", "queries that run",
                                               {{"queue", options.name}})) {
  threads_.reserve(options_.threads + 1);
  for (size_t i = 0; i <= options_.threads; ++i) {
    threads_.emplace_back([this, runs_long = i > 0] {
      pthread_setname_np(pthread_self(), options_.name.c_str());
      // Of this thread alone, as Linux has it.
      const int niceness = getpriority(PRIO_PROCESS, 0) + kNicer;
      if (setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness) != 0) {
        spdlog::warn("queries run with the priority of ingest: setpriority: {}",
                     std::error_code(errno, std::generic_category()).message());
      }
      Run(runs_long);
    });
  }
}

QueryQueue::~QueryQueue() { Stop(); }

void QueryQueue::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

size_t QueryQueue::waiting() const {
  absl::MutexLock lock(&mutex_);
  return Waiting();
}

absl::Status QueryQueue::Refusal() {
  refused_.Add();
  return Error(absl::StatusCode::kResourceExhausted,
               "{} queries are waiting already: try again later, or raise limits.queued_queries",
               options_.max_waiting);
}

void QueryQueue::ShowWaiting() { waiting_gauge_.Set(static_cast<double>(Waiting())); }

bool QueryQueue::MakePlace(const std::string& client, std::vector<Query>* refused) {
  const auto held = [this](const std::string& who) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return new_.SizeOf(who) + long_.SizeOf(who);
  };
  std::string most;
  for (const Lane* lane : {&new_, &long_}) {
    for (const auto& [who, queries] : lane->clients()) {
      if (most.empty() || held(who) > held(most)) most = who;
    }
  }
  // Where both would have the same then, it is as good as it was.
  if (held(most) <= held(client) + 1) return false;
  refused->push_back(new_.SizeOf(most) > 0 ? new_.Displace(most) : long_.Displace(most));
  return true;
}

void QueryQueue::Post(std::string_view client, Query query) {
  const std::string who = client.empty() ? "-" : std::string(client);
  std::vector<Query> gone;
  std::vector<Query> refused;
  std::vector<Query> too_late;  // at most this one
  {
    absl::MutexLock lock(&mutex_);
    if (!stopped_ && Waiting() >= options_.max_waiting) {
      new_.RemoveGone(&gone);
      long_.RemoveGone(&gone);
    }
    if (stopped_) {
      too_late.push_back(std::move(query));
    } else if (Waiting() >= options_.max_waiting && !MakePlace(who, &refused)) {
      refused.push_back(std::move(query));
    } else {
      new_.Push(who, std::move(query));
    }
    ShowWaiting();
  }
  for (Query& one : too_late) {
    std::move(one.run)(absl::UnavailableError("the server is shutting down: connect again"));
  }
  for (Query& one : gone) std::move(one.run)(absl::CancelledError("the query was cancelled"));
  for (Query& one : refused) std::move(one.run)(Refusal());
}

void QueryQueue::Run(bool runs_long) {
  const auto has_work = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return (stopped_ && weighing_ == 0) || !new_.empty() || (runs_long && !long_.empty());
  };
  while (true) {
    std::pair<std::string, Query> next;
    bool weighed = false;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      weighed = runs_long && !long_.empty();
      if (!weighed && new_.empty()) return;  // stopped
      next = weighed ? long_.Pop() : new_.Pop();
      if (!weighed) ++weighing_;
      ShowWaiting();
      running_gauge_.Set(static_cast<double>(++running_));
    }
    std::optional<Query> query = std::move(next.second);
    const bool waits = !weighed && query->is_long != nullptr && query->is_long();
    if (!weighed) {
      absl::MutexLock lock(&mutex_);
      --weighing_;
      // It has its place, also where others came meanwhile.
      if (waits) long_.Push(next.first, *std::exchange(query, std::nullopt));
      ShowWaiting();
    }
    if (query.has_value()) std::move(query->run)(absl::OkStatus());
    absl::MutexLock lock(&mutex_);
    running_gauge_.Set(static_cast<double>(--running_));
  }
}

}  // namespace flamekeep::server
