// A client of IngestService that neither loses nor doubles: the C++ library behind `flamekeep
// import`, for whoever pushes samples.
//
// A client speaks for one source. It numbers the batches that it is given, keeps what is not
// durable yet (at most `window_bytes`), and when the stream breaks or the server refuses for the
// moment, opens it again, with backoff and jitter, and goes on behind what the server says is
// durable.
//
//   auto client = IngestClient::Open(Connect(address), address, open, {});
//   if (!client.ok()) return client.status();
//   // The source stands at (*client)->durable_number(), with (*client)->cursor().
//   batch.set_lines("main;f;g 1\n");
//   FLAMEKEEP_RETURN_IF_ERROR((*client)->Send(std::move(batch)));
//   FLAMEKEEP_RETURN_IF_ERROR((*client)->Flush());   // now it is durable
//
// Replacements (IngestBatch.replace) can be larger than any window, so their batches are not kept.
// When the stream breaks inside one, Send() or Flush() returns ABORTED once the stream stands
// again: send the replacement once more from its first batch.
//
// Thread safety: none, and no thread of its own: it sends and receives inside its methods. Only one
// client can have a source open.
//
// Tried again for `give_up_after` without progress: UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED,
// DEADLINE_EXCEEDED, CANCELLED by the server, INTERNAL. All else ends it at once.
//
// Errors: one sentence. UNAVAILABLE where no server answered (at Open: at the first try), or none
// for `give_up_after`; FAILED_PRECONDITION where the source is in use for longer than that;
// DATA_LOSS where the server stands before what it had said was durable; CANCELLED where
// `cancelled` said so; else the server's own. After an error other than ABORTED the client is of no
// more use.
#ifndef FLAMEKEEP_CLI_CLIENT_H_
#define FLAMEKEEP_CLI_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/buffer_pool.h"
#include "cli/ingest_stream.h"
#include "flamekeep/v1/ingest.grpc.pb.h"

namespace flamekeep::cli {

struct ClientOptions {
  uint64_t window_bytes = uint64_t{64} << 20;
  // How long to try without any progress.
  absl::Duration give_up_after = absl::Minutes(5);
  // A stream without progress for so long is broken off and opened again.
  absl::Duration stall_timeout = absl::Minutes(2);
  absl::Duration open_timeout = absl::Seconds(20);
  // Whether Open() too waits for a server that does not answer.
  bool wait_for_server = false;
  absl::Duration first_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
  // Asked several times a second while waiting.
  std::function<bool()> cancelled = [] { return false; };
  // Told why it waits, once for each outage.
  std::function<void(const absl::Status&)> on_outage = [](const absl::Status&) {};
};

// Adds to `sum`.
void AddCounts(const v1::IngestCounts& counts, v1::IngestCounts* sum);

class IngestClient {
 public:
  // `address` is for messages.
  static absl::StatusOr<std::unique_ptr<IngestClient>> Open(
      const std::shared_ptr<grpc::Channel>& channel, const std::string& address,
      v1::OpenSource open, ClientOptions options);
  // Breaks off what is not durable.
  ~IngestClient();
  IngestClient(const IngestClient&) = delete;
  IngestClient& operator=(const IngestClient&) = delete;

  // Where the source stands, as the server last said.
  uint64_t durable_number() const { return durable_number_; }
  const std::string& cursor() const { return cursor_; }

  // Takes the batch, gives it its number, and waits while the window is full. `lines` must be at
  // most kMaxBatchBytes.
  static constexpr uint64_t kMaxBatchBytes = uint64_t{4} << 20;
  absl::Status Send(v1::IngestBatch batch);

  // Waits until all batches are durable.
  absl::Status Flush();

  // Of all lines that this client sent. After a broken stream, lines that were sent twice count
  // twice here (never in the store).
  v1::IngestCounts counts() const;

  // Memory for `lines` of the next batch: a string of any content, with capacity where there is one
  // to be had.
  std::string TakeBuffer() { return pool_->Take(); }

 private:
  struct Pending {
    std::shared_ptr<const v1::IngestRequest> request;  // null: a replacement's, not kept
    uint64_t bytes;
  };

  IngestClient(const std::shared_ptr<grpc::Channel>& channel, std::string address,
               v1::OpenSource open, ClientOptions options);

  absl::Status OpenStream();
  absl::Status Recover(absl::Status error);
  absl::Status Resend();
  absl::Status WaitUntil(const std::function<bool()>& enough);
  absl::Status Sleep(absl::Duration duration) const;
  absl::Status Observe();
  absl::Status EndOfStream() const;

  const std::unique_ptr<v1::IngestService::Stub> stub_;
  const std::string address_;
  const v1::OpenSource open_;
  const ClientOptions options_;
  const std::shared_ptr<BufferPool> pool_ = std::make_shared<BufferPool>();
  std::minstd_rand random_{std::random_device()()};

  bool opened_once_ = false;
  uint64_t durable_number_ = 0;
  std::string cursor_;
  // Batches that are not durable: numbers durable_number_ + 1 and so on.
  std::deque<Pending> pending_;
  uint64_t pending_bytes_ = 0;   // of those that are kept
  bool in_replacement_ = false;  // the pending batches are a replacement's

  std::unique_ptr<IngestStream> stream_;
  uint64_t stream_pushed_ = 0;   // requests, `open` included
  uint64_t stream_written_ = 0;  // as last observed
  absl::Time last_activity_;     // of the stream

  // While there is no progress.
  absl::Time outage_start_ = absl::InfiniteFuture();
  absl::Duration backoff_;

  v1::IngestCounts earlier_counts_;  // of streams that are over
  v1::IngestCounts stream_counts_;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_CLIENT_H_
