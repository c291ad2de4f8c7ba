#include "server/http/http_host.h"

#include <algorithm>

#include "base/gzip.h"
#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

constexpr int kBodyTooLarge = 413;
constexpr int kUnsupportedType = 415;
// New requests find no worker where so many tasks wait.
constexpr size_t kMaxWaiting = 256;

HttpResponse CanNotUnpack(const absl::Status& error, HttpErrors form) {
  if (error.code() == absl::StatusCode::kResourceExhausted) {
    return ErrorResponse(kBodyTooLarge, error, form);
  }
  if (error.code() == absl::StatusCode::kUnimplemented && form == HttpErrors::kText) {
    return ErrorResponse(kUnsupportedType, error, form);
  }
  return ErrorResponse(error, form);
}

}  // namespace

HttpHost::HttpHost(HttpOptions from, std::vector<HttpRoute> all, boost::asio::io_context* io)
    : options(std::move(from)),
      loop(std::make_shared<HttpLoop>(io)),
      memory(std::make_shared<HttpMemory>(options.max_held_bytes, options.metrics)),
      // What is in hand always finds room: a call has two tasks at most, the last one and its end.
      workers(std::make_shared<WorkerPool>("http-worker", options.threads,
                                           2 * options.max_connections + kMaxWaiting)) {
  for (HttpRoute& route : all) {
    if (route.prefix) {
      prefixes_.push_back(std::move(route));
    } else {
      std::string path = route.path;
      routes_.emplace(std::move(path), std::move(route));
    }
  }
  std::sort(prefixes_.begin(), prefixes_.end(),
            [](const HttpRoute& a, const HttpRoute& b) { return a.path.size() > b.path.size(); });
}

const HttpRoute* HttpHost::Find(std::string_view path) const {
  const auto found = routes_.find(path);
  if (found != routes_.end()) return &found->second;
  for (const HttpRoute& route : prefixes_) {
    if (path.starts_with(route.path)) return &route;
  }
  return nullptr;
}

void HttpHost::Count(std::string_view path, int status) {
  if (options.metrics == nullptr) return;
  options.metrics
      ->GetCounter("http_requests_total", Severity::kInfo, "HTTP requests that were answered",
                   {{"path", std::string(path)}, {"code", std::to_string(status)}})
      .Add();
}

void HttpHost::Reject(std::string_view reason) {
  if (options.metrics == nullptr) return;
  options.metrics
      ->GetCounter("http_rejected_total", Severity::kError,
                   "HTTP connections and requests that were refused or cut",
                   {{"reason", std::string(reason)}})
      .Add();
}

// What came with a body is taken off it, and charged. OK where there was nothing to take off.
absl::Status HttpHost::Unpack(const HttpRoute& route, HttpCall* call) {
  const std::string_view encoding = call->request().Header("Content-Encoding");
  if (call->request().body.empty() || encoding.empty() || encoding == "identity") {
    return absl::OkStatus();
  }
  if (encoding != "gzip") {
    return Error(absl::StatusCode::kUnimplemented,
                 "the body is encoded as \"{}\": send it as it is, or with gzip",
                 Shorten(encoding));
  }
  const size_t max_bytes = MaxBody(route);
  absl::StatusOr<std::string> body = Gunzip(call->request().body, max_bytes);
  if (!body.ok()) {
    return Error(body.status().code(), "the body can not be unpacked: {}", Message(body.status()));
  }
  if (!call->charge().Add(body->size())) {
    Reject("memory");
    return NoHttpMemory();
  }
  call->SetBody(*std::move(body));
  return absl::OkStatus();
}

void HttpHost::Handle(const HttpRoute& route, std::shared_ptr<HttpCall> call) {
  if (const absl::Status unpacked = Unpack(route, call.get()); !unpacked.ok()) {
    return call->Respond(CanNotUnpack(unpacked, route.errors));
  }
  if (route.start) return route.start(std::move(call));
  call->Respond(route.handle(call->request()));
}

bool HttpHost::TryPost(WorkerPool::Task task) {
  return workers->queued() < kMaxWaiting && workers->TryPost(std::move(task));
}

}  // namespace flamekeep::server
