// An IngestService in memory that misbehaves on request, for tests: it keeps to the contract of
// ingest.proto, and breaks streams, loses answers, refuses and dies wherever the contract lets it.
//
// Thread safety: all of it.
#ifndef FLAMEKEEP_CLI_TEST_INGEST_SERVER_H_
#define FLAMEKEEP_CLI_TEST_INGEST_SERVER_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "cli/connection.h"
#include "flamekeep/v1/ingest.grpc.pb.h"

namespace flamekeep::cli {

class TestIngestServer final : public v1::IngestService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::IngestResponse, v1::IngestRequest>;

  // What is durable.
  struct Source {
    uint64_t number = 0;
    std::string cursor;
    std::string lines;
    v1::OpenSource open;
  };
  struct Bucket {
    std::string lines;
    bool subtract_finer = false;
    int written = 0;  // how often
  };
  using BucketKey = std::tuple<std::string, v1::Level, int64_t>;  // owner, level, unix seconds

  // The identity of a stream of numbers.
  static std::string KeyOf(const v1::OpenSource& open) {
    if (!open.has_time()) return open.source();
    return open.source() + " (" + open.profile_type() + ", " +
           std::to_string(open.time().seconds()) + ", " + v1::Level_Name(open.resolution()) + ")";
  }

  TestIngestServer() { Start(); }
  ~TestIngestServer() override { Kill(); }

  // `chance` in 1000 for each message that something goes wrong.
  void Misbehave(int chance, unsigned seed) {
    absl::MutexLock lock(&mutex_);
    chance_ = chance;
    random_.seed(seed);
  }
  // Streams end with this status at each batch. OK: no longer.
  void Refuse(const grpc::Status& status) {
    absl::MutexLock lock(&mutex_);
    refuse_ = status;
  }
  // Answers come so late; infinite: only when the client is done.
  void AnswerAfter(absl::Duration delay) {
    absl::MutexLock lock(&mutex_);
    answer_after_ = delay;
  }

  // The process dies; what is durable stays.
  void Kill() {
    if (server_ == nullptr) return;
    server_->Shutdown(absl::ToChronoTime(absl::Now()));
    server_->Wait();
    server_.reset();
  }
  // As if the store had been replaced by an empty one.
  void Forget() {
    absl::MutexLock lock(&mutex_);
    sources_.clear();
    buckets_.clear();
  }
  void Start() {
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(16 << 20);
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port_),
                             grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::shared_ptr<grpc::Channel> Channel() const { return Connect(address()); }

  std::map<std::string, Source> sources() {
    absl::MutexLock lock(&mutex_);
    return sources_;
  }
  std::map<BucketKey, Bucket> buckets() {
    absl::MutexLock lock(&mutex_);
    return buckets_;
  }
  int streams() {
    absl::MutexLock lock(&mutex_);
    return streams_;
  }
  uint64_t batches() {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }

  grpc::Status Ingest(grpc::ServerContext*, Stream* stream) override {
    v1::IngestRequest request;
    if (!stream->Read(&request)) return grpc::Status::OK;
    if (!request.has_open()) return {grpc::INVALID_ARGUMENT, "a batch before open"};
    const v1::OpenSource open = request.open();
    const std::string key = KeyOf(open);
    if (absl::MutexLock lock(&mutex_); !in_use_.insert(key).second) {
      return {grpc::ABORTED, "another stream has the source open"};
    }
    const grpc::Status status = Serve(open, stream);
    absl::MutexLock lock(&mutex_);
    in_use_.erase(key);
    return status;
  }

 private:
  // A replacement that is being collected.
  struct Unfinished {
    uint64_t batches = 0;
    std::string lines;
  };

  grpc::Status Serve(const v1::OpenSource& open, Stream* stream) {
    absl::Duration answer_after;
    {
      absl::MutexLock lock(&mutex_);
      ++streams_;
      answer_after = answer_after_;
      if (Chance()) return {grpc::UNAVAILABLE, "injected: before the first answer"};
    }
    v1::IngestCounts counts;
    Answer(KeyOf(open), counts, stream);
    absl::Notification over;
    std::thread late_answers;
    if (answer_after > absl::ZeroDuration() && answer_after < absl::InfiniteDuration()) {
      late_answers = std::thread([&] {
        while (!over.WaitForNotificationWithTimeout(answer_after)) Answer(KeyOf(open), {}, stream);
      });
    }
    grpc::Status status;
    v1::IngestRequest request;
    Unfinished unfinished;
    while (status.ok() && stream->Read(&request)) {
      status = Take(open, request.batch(), &counts, &unfinished);
      if (status.ok() && answer_after == absl::ZeroDuration()) {
        Answer(KeyOf(open), counts, stream);
      }
    }
    over.Notify();
    if (late_answers.joinable()) late_answers.join();
    if (status.ok()) Answer(KeyOf(open), counts, stream);
    return status;
  }

  grpc::Status Take(const v1::OpenSource& open, const v1::IngestBatch& batch,
                    v1::IngestCounts* counts, Unfinished* unfinished) {
    absl::MutexLock lock(&mutex_);
    ++batches_;
    if (!refuse_.ok()) return refuse_;
    if (Chance()) return {grpc::RESOURCE_EXHAUSTED, "injected: the disk is full"};
    if (Chance()) return {grpc::INTERNAL, "injected: before it is durable"};
    Source& source = sources_[KeyOf(open)];
    source.open = open;
    if (batch.number() <= source.number) return grpc::Status::OK;  // delivered again
    const uint64_t next = source.number + unfinished->batches + 1;
    if (batch.number() != next) {
      return {grpc::FAILED_PRECONDITION, "a gap: batch " + std::to_string(batch.number()) +
                                             " where " + std::to_string(next) + " was expected"};
    }
    std::string lines = batch.lines();
    if (!lines.empty() && lines.back() != '\n') lines += '\n';
    for (const char c : lines) counts->set_lines(counts->lines() + (c == '\n' ? 1 : 0));
    if (batch.has_replace()) {
      ++unfinished->batches;
      unfinished->lines += lines;
      if (!batch.replace().last()) return grpc::Status::OK;
      Bucket& bucket = buckets_[{open.owner().empty() ? open.source() : open.owner(),
                                 open.resolution(), open.time().seconds()}];
      bucket.lines = std::move(unfinished->lines);
      if (batch.replace().subtract_finer()) SubtractHours(open, &bucket.lines);
      bucket.subtract_finer = batch.replace().subtract_finer();
      ++bucket.written;
      *unfinished = {};
    } else {
      source.lines += lines;
    }
    source.number = batch.number();
    source.cursor = batch.cursor();
    if (Chance()) return {grpc::UNAVAILABLE, "injected: the answer is lost"};
    return grpc::Status::OK;
  }

  // Takes the lines of the owner's hours out of those of its day.
  void SubtractHours(const v1::OpenSource& open, std::string* lines)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::map<std::string, int> hours;
    for (int hour = 0; hour < 24; ++hour) {
      const auto it =
          buckets_.find({open.owner(), v1::LEVEL_HOUR, open.time().seconds() + hour * 3600});
      if (it == buckets_.end()) continue;
      std::istringstream in(it->second.lines);
      for (std::string line; std::getline(in, line);) ++hours[line];
    }
    std::istringstream in(*lines);
    lines->clear();
    for (std::string line; std::getline(in, line);) {
      if (hours[line]-- <= 0) *lines += line + '\n';
    }
  }

  void Answer(const std::string& source, const v1::IngestCounts& counts, Stream* stream) {
    v1::IngestResponse response;
    {
      absl::MutexLock lock(&mutex_);
      // A source that only asked is not kept.
      if (const auto it = sources_.find(source); it != sources_.end()) {
        response.set_durable_number(it->second.number);
        response.set_cursor(it->second.cursor);
      }
    }
    *response.mutable_counts() = counts;
    stream->Write(response);
  }

  bool Chance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return chance_ > 0 && static_cast<int>(random_() % 1000) < chance_;
  }
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  absl::Mutex mutex_;
  std::map<std::string, Source> sources_ ABSL_GUARDED_BY(mutex_);
  std::map<BucketKey, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> in_use_ ABSL_GUARDED_BY(mutex_);
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_);
  int chance_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration answer_after_ ABSL_GUARDED_BY(mutex_);
  grpc::Status refuse_ ABSL_GUARDED_BY(mutex_);
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t batches_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_TEST_INGEST_SERVER_H_
