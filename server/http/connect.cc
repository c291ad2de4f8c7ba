#include "server/http/connect.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <utility>

#include "base/gzip.h"
#include "base/status.h"
#include "server/http/connect_stream.h"
#include "server/http/connect_wire.h"
#include "server/http/query_string.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;
using google::protobuf::ServiceDescriptor;

constexpr int kUnsupportedMediaType = 415;
constexpr int kVersionNotSupported = 505;
// JSON of a message takes some times its bytes.
constexpr size_t kMaxJsonFromBytes = size_t{32} << 20;

const MethodDescriptor* FindMethod(std::string_view service, std::string_view method) {
  const ServiceDescriptor* found =
      DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  return found == nullptr ? nullptr : found->FindMethodByName(std::string(method));
}

bool HasSideEffects(const MethodDescriptor& method) {
  return method.options().idempotency_level() != MethodOptions::NO_SIDE_EFFECTS;
}

// What a request asks for, whichever way it came.
struct Question {
  ConnectCodec codec;
  std::string body;
};

absl::StatusOr<Question> QuestionOfGet(const HttpRequest& request, size_t max_bytes) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const QueryString query, QueryString::Parse(request.query));
  const std::string_view encoding = query.Get("encoding");
  if (encoding != "json" && encoding != "proto") {
    return Error(absl::StatusCode::kUnimplemented,
                 "the encoding \"{}\" is not understood here: use encoding=json or "
                 "encoding=proto",
                 Shorten(encoding));
  }
  Question question{.codec = encoding == "json" ? ConnectCodec::kJson : ConnectCodec::kProto,
                    .body = std::string(query.Get("message"))};
  if (query.Get("base64") == "1") {
    FLAMEKEEP_ASSIGN_OR_RETURN(question.body, DecodeBase64(question.body));
  }
  const std::string_view compression = query.Get("compression");
  if (compression == "gzip" && !question.body.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(question.body, Gunzip(question.body, max_bytes));
  } else if (!compression.empty() && compression != "identity" && compression != "gzip") {
    return Error(absl::StatusCode::kUnimplemented,
                 "the compression \"{}\" is not known: use gzip or identity", Shorten(compression));
  }
  return question;
}

// The type was checked before.
absl::StatusOr<Question> QuestionOf(HttpCall* call, const ConnectType& type, size_t max_bytes) {
  const HttpRequest& request = call->request();
  const std::string_view version = request.Header("Connect-Protocol-Version");
  if (!version.empty() && version != "1") {
    return InvalidArgument("Connect-Protocol-Version is \"{}\": only 1 is known", Shorten(version));
  }
  if (request.method == "GET") return QuestionOfGet(request, max_bytes);
  return Question{.codec = type.codec, .body = call->TakeBody()};
}

// A unary call, from the request to the answer.
class UnaryExchange : public std::enable_shared_from_this<UnaryExchange> {
 public:
  UnaryExchange(LocalCalls* calls, const MethodDescriptor& method, const ConnectOptions& options,
                std::shared_ptr<HttpCall> call)
      : calls_(*calls), method_(method), options_(options), call_(std::move(call)) {}

  // On a worker thread.
  void Start() {
    ConnectType type{ConnectCodec::kJson, false};
    if (call_->request().method != "GET") {
      const std::string_view name = call_->request().Header("Content-Type");
      const absl::StatusOr<ConnectType> parsed = ParseConnectType(name);
      if (!parsed.ok()) return Refuse(parsed.status());
      if (parsed->stream) {
        return Refuse(Error(absl::StatusCode::kUnimplemented,
                            "{} is no stream: use application/json or application/proto",
                            method_.full_name()));
      }
      type = *parsed;
      content_type_ = std::string(name.substr(0, name.find(';')));
    }
    if (const absl::Status status = Ask(type); !status.ok()) End(status, "");
  }

 private:
  absl::Status Ask(const ConnectType& type) {
    const HttpRequest& request = call_->request();
    FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Duration timeout,
                               ParseConnectTimeout(request.Header("Connect-Timeout-Ms")));
    FLAMEKEEP_ASSIGN_OR_RETURN(Question question,
                               QuestionOf(call_.get(), type, options_.max_body_bytes));
    codec_ = question.codec;
    if (codec_ == ConnectCodec::kJson && !question.body.empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(question.body, JsonToProto(*method_.input_type(), question.body,
                                                            options_.unknown_fields));
    }
    if (content_type_.empty()) {
      content_type_ = codec_ == ConnectCodec::kJson ? "application/json" : "application/proto";
    }
    calls_.Unary({.method = PathOfMethod(method_), .caller = request.client, .timeout = timeout},
                 question.body, call_.get(),
                 [self = shared_from_this()](const absl::Status& status, std::string reply) {
                   HttpCall& call = *self->call_;
                   call.Run([self, status, reply = std::move(reply)]() mutable {
                     self->End(status, std::move(reply));
                   });
                 });
    return absl::OkStatus();
  }

  // On a worker thread.
  void End(absl::Status status, std::string reply) {
    HttpResponse response{.content_type = content_type_};
    if (status.ok() && codec_ == ConnectCodec::kJson) {
      absl::StatusOr<std::string> json = Json(reply);
      status = json.status();
      if (json.ok()) response.body = *std::move(json);
    } else {
      response.body = std::move(reply);
    }
    if (!status.ok()) response = ErrorResponse(WithReason(status), HttpErrors::kJson);
    MayCompress(call_->request(), &response);
    call_->Respond(std::move(response));
  }

  // gRPC says nothing of a message that it can not read.
  absl::Status WithReason(const absl::Status& status) const {
    if (!absl::IsUnimplemented(status) || !status.message().empty()) return status;
    return Error(absl::StatusCode::kUnimplemented, "the request of {} is no {}",
                 method_.full_name(), method_.input_type()->full_name());
  }

  absl::StatusOr<std::string> Json(const std::string& reply) const {
    if (reply.size() > kMaxJsonFromBytes) {
      return Error(absl::StatusCode::kResourceExhausted,
                   "the answer has {} bytes, too many for JSON: ask for less, or for "
                   "application/proto",
                   reply.size());
    }
    return ProtoToJson(*method_.output_type(), reply);
  }

  void Refuse(const absl::Status& status) {
    HttpResponse response = ErrorResponse(kUnsupportedMediaType, status, HttpErrors::kJson);
    response.headers.emplace_back("Accept-Post", "application/json, application/proto");
    call_->Respond(std::move(response));
  }

  LocalCalls& calls_;
  const MethodDescriptor& method_;
  const ConnectOptions options_;
  const std::shared_ptr<HttpCall> call_;
  ConnectCodec codec_ = ConnectCodec::kJson;
  std::string content_type_;
};

HttpRoute UnaryRoute(LocalCalls* calls, std::string path, const MethodDescriptor* method,
                     const ConnectOptions& options) {
  return {.path = std::move(path),
          .methods = HasSideEffects(*method) ? kHttpPost : kHttpGet | kHttpPost,
          .blocking = true,
          .max_body_bytes = options.max_body_bytes,
          .errors = HttpErrors::kJson,
          .pages_may_post = !HasSideEffects(*method),
          .start = [calls, method, options](std::shared_ptr<HttpCall> call) {
            std::make_shared<UnaryExchange>(calls, *method, options, std::move(call))->Start();
          }};
}

// Half of such a stream would have to be read before the other half is written.
HttpRoute NoStreamRoute(const MethodDescriptor* method) {
  return {.path = PathOfMethod(*method),
          .methods = kHttpPost,
          .errors = HttpErrors::kJson,
          .handle = [method](const HttpRequest&) {
            return ErrorResponse(
                kVersionNotSupported,
                Error(absl::StatusCode::kUnimplemented,
                      "{} takes a stream of requests: call it with gRPC, or a method that takes "
                      "one request",
                      method->full_name()),
                HttpErrors::kJson);
          }};
}

}  // namespace

std::vector<HttpRoute> ConnectRoutes(LocalCalls* calls, std::string_view service,
                                     const ConnectOptions& options) {
  std::vector<HttpRoute> routes;
  const ServiceDescriptor* found =
      DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  for (int i = 0; i < found->method_count(); ++i) {
    const MethodDescriptor* method = found->method(i);
    if (method->client_streaming()) {
      routes.push_back(NoStreamRoute(method));
    } else if (method->server_streaming()) {
      routes.push_back(ConnectStreamRoute(calls, method, options));
    } else {
      routes.push_back(UnaryRoute(calls, PathOfMethod(*method), method, options));
    }
  }
  return routes;
}

HttpRoute RouteToMethod(LocalCalls* calls, std::string path, std::string_view service,
                        std::string_view method, const ConnectOptions& options) {
  return UnaryRoute(calls, std::move(path), FindMethod(service, method), options);
}

}  // namespace flamekeep::server
