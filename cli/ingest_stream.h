// One call of IngestService.Ingest: writes requests in order and collects the answers. It knows
// nothing of windows and retries: that is IngestClient's part.
//
// It has no thread: sending and receiving happen inside Push() and Wait().
//
// Thread safety: none. (gRPC 1.51's callback interface would bring threads of its own, and an
// assertion that fails when its last user goes.)
#ifndef FLAMEKEEP_CLI_INGEST_STREAM_H_
#define FLAMEKEEP_CLI_INGEST_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "flamekeep/v1/ingest.grpc.pb.h"

namespace flamekeep::cli {

class IngestStream {
 public:
  struct State {
    bool opened = false;              // the answer to `open` has come
    uint64_t written = 0;             // requests that gRPC has taken, `open` included
    v1::IngestResponse last;          // the last answer
    std::optional<grpc::Status> end;  // the call is over
  };

  // Starts the call with `open`. `stub` must outlive it.
  IngestStream(v1::IngestService::Stub* stub, const v1::OpenSource& open);
  // Cancels what is not over.
  ~IngestStream();
  IngestStream(const IngestStream&) = delete;
  IngestStream& operator=(const IngestStream&) = delete;

  // Adds a request to the queue; it is kept until it is written.
  void Push(std::shared_ptr<const v1::IngestRequest> request);
  // Says that nothing more comes, once the queue is written. The call then ends by the server's
  // status.
  void PushEnd();

  const State& state() const { return state_; }
  // Works until something has happened, or the timeout has passed; then does what can be done at
  // once.
  void Wait(absl::Duration timeout);

 private:
  using Call = grpc::ClientAsyncReaderWriter<v1::IngestRequest, v1::IngestResponse>;
  // The operations that can be under way, at most one of each. gRPC knows them by a pointer: into
  // kOperations.
  enum class Operation { kStart, kRead, kWrite, kWritesDone, kFinish };
  static constexpr std::array kOperations = {Operation::kStart, Operation::kRead, Operation::kWrite,
                                             Operation::kWritesDone, Operation::kFinish};
  static void* Tag(Operation operation) {
    return const_cast<Operation*>(&kOperations[static_cast<size_t>(operation)]);
  }

  // Takes in one finished operation. False after the timeout.
  bool HandleOne(absl::Time deadline);
  void WriteNext();

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<Call> call_;
  State state_;
  v1::IngestResponse incoming_;
  grpc::Status status_;

  std::deque<std::shared_ptr<const v1::IngestRequest>> to_write_;
  std::shared_ptr<const v1::IngestRequest> writing_;
  bool busy_ = true;  // a write, or the start, is under way
  bool end_pushed_ = false;
  bool broken_ = false;  // nothing more can be written
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_INGEST_STREAM_H_
