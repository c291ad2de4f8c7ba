#include "server/http/connect_stream.h"

#include <memory>
#include <utility>

#include "base/status.h"
#include "server/http/connect_wire.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

using google::protobuf::MethodDescriptor;

constexpr int kNotAStreamType = 415;

// A call that streams its answers. Messages are turned into envelopes on worker threads; the next
// one is asked for once the caller has taken the one before.
class StreamExchange : public std::enable_shared_from_this<StreamExchange> {
 public:
  StreamExchange(LocalCalls* calls, const MethodDescriptor& method, const ConnectOptions& options,
                 std::shared_ptr<HttpCall> call)
      : calls_(*calls), method_(method), options_(options), call_(std::move(call)) {}

  // On a worker thread.
  void Start() {
    const std::string_view name = call_->request().Header("Content-Type");
    const absl::StatusOr<ConnectType> type = ParseConnectType(name);
    if (!type.ok() || !type->stream) {
      HttpResponse response =
          ErrorResponse(kNotAStreamType,
                        Error(absl::StatusCode::kUnimplemented,
                              "{} answers with a stream: use application/connect+json or "
                              "application/connect+proto, or /render for files",
                              method_.full_name()),
                        HttpErrors::kJson);
      response.headers.emplace_back("Accept-Post",
                                    "application/connect+json, application/connect+proto");
      return call_->Respond(std::move(response));
    }
    codec_ = type->codec;
    gzip_ = ListsToken(call_->request().Header("Connect-Accept-Encoding"), "gzip");
    HttpResponse head{.content_type = codec_ == ConnectCodec::kJson ? "application/connect+json"
                                                                    : "application/connect+proto"};
    if (gzip_) head.headers.emplace_back("Connect-Content-Encoding", "gzip");
    call_->Begin(std::move(head));
    if (const absl::Status status = Ask(); !status.ok()) End(status);
  }

 private:
  absl::Status Ask() {
    const HttpRequest& request = call_->request();
    FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Duration timeout,
                               ParseConnectTimeout(request.Header("Connect-Timeout-Ms")));
    const std::string_view encoding = request.Header("Connect-Content-Encoding");
    if (!encoding.empty() && encoding != "identity" && encoding != "gzip") {
      return Error(absl::StatusCode::kUnimplemented,
                   "Connect-Content-Encoding is \"{}\": use gzip or identity", Shorten(encoding));
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(
        std::string question,
        OpenEnvelope(call_->TakeBody(), encoding == "gzip", options_.max_body_bytes));
    if (codec_ == ConnectCodec::kJson && !question.empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(
          question, JsonToProto(*method_.input_type(), question, options_.unknown_fields));
    }
    // Kept before anything comes of it.
    stream_ = calls_.Stream(
        {.method = PathOfMethod(method_), .caller = request.client, .timeout = timeout}, question,
        call_.get(),
        [self = shared_from_this()](std::string message) {
          HttpCall& call = *self->call_;
          call.Run([self, message = std::move(message)] { self->Send(message); });
        },
        [self = shared_from_this()](const absl::Status& status) {
          HttpCall& call = *self->call_;
          call.Run([self, status] { self->End(status); });
        });
    if (stream_ == nullptr) return LocalCalls::NoServices();
    stream_->Next();
    return absl::OkStatus();
  }

  // On a worker thread.
  void Send(const std::string& message) {
    std::string envelope;
    if (codec_ == ConnectCodec::kJson) {
      const absl::StatusOr<std::string> json = ProtoToJson(*method_.output_type(), message);
      if (!json.ok()) {
        failure_ = json.status();
        return stream_->Cancel();
      }
      envelope = MakeEnvelope(*json, gzip_);
    } else {
      envelope = MakeEnvelope(message, gzip_);
    }
    call_->Write(std::move(envelope), [self = shared_from_this()](bool taken) {
      if (taken) {
        self->stream_->Next();
      } else {
        self->stream_->Cancel();
      }
    });
  }

  // On a worker thread; after all Send(), unless the caller is gone.
  void End(const absl::Status& status) {
    call_->Write(MakeEndEnvelope(failure_.ok() ? status : failure_),
                 [call = call_](bool) { call->End(); });
  }

  LocalCalls& calls_;
  const MethodDescriptor& method_;
  const ConnectOptions options_;
  const std::shared_ptr<HttpCall> call_;
  ConnectCodec codec_ = ConnectCodec::kJson;
  bool gzip_ = false;
  absl::Status failure_;
  std::shared_ptr<LocalStream> stream_;
};

}  // namespace

std::string PathOfMethod(const MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

HttpRoute ConnectStreamRoute(LocalCalls* calls, const MethodDescriptor* method,
                             const ConnectOptions& options) {
  return {.path = PathOfMethod(*method),
          .methods = kHttpPost,
          .blocking = true,
          .max_body_bytes = options.max_body_bytes,
          .errors = HttpErrors::kJson,
          .start = [calls, method, options](std::shared_ptr<HttpCall> call) {
            std::make_shared<StreamExchange>(calls, *method, options, std::move(call))->Start();
          }};
}

}  // namespace flamekeep::server
