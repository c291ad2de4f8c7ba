#include "server/http/http_session.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Clock = std::chrono::steady_clock;

// Completes with (error, value) instead of an exception.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr size_t kReadBytes = 4096;
// A body may take a second longer for each of these.
constexpr uint64_t kMinBytesPerSecond = uint64_t{64} << 10;
constexpr auto kLinger = std::chrono::seconds(1);
constexpr uint64_t kMaxLingerBytes = uint64_t{64} << 20;

constexpr int kMethodNotAllowed = 405;
constexpr int kTooLarge = 413;
constexpr int kInternalError = 500;

absl::Status TooLarge(size_t max_bytes) {
  return Error(absl::StatusCode::kResourceExhausted,
               "the body of this request is too large: at most {} bytes are taken", max_bytes);
}

// Whether the client is still there and sent something that is no request.
bool IsProtocolError(const ErrorCode& error) {
  static const auto& category = make_error_code(http::error::bad_version).category();
  return error.category() == category && error != http::error::end_of_stream &&
         error != http::error::partial_message;
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }
std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

unsigned MethodBit(http::verb method) {
  switch (method) {
    case http::verb::get:
    case http::verb::head:
      return kHttpGet;
    case http::verb::post:
      return kHttpPost;
    case http::verb::put:
      return kHttpPut;
    default:
      return 0;
  }
}

std::string AllowedMethods(unsigned methods) {
  std::vector<std::string_view> names;
  if ((methods & kHttpGet) != 0) names.insert(names.end(), {"GET", "HEAD"});
  if ((methods & kHttpPost) != 0) names.emplace_back("POST");
  if ((methods & kHttpPut) != 0) names.emplace_back("PUT");
  return fmt::format("{}", fmt::join(names, ", "));
}

HttpRequest ToRequest(http::request<http::string_body>* from, std::string client) {
  const std::string_view target = View(from->target());
  const bool head = from->method() == http::verb::head;
  HttpRequest request{.method = head ? "GET" : std::string(View(from->method_string())),
                      .path = std::string(PathOf(target))};
  if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
  for (const auto& field : *from) {
    request.headers.emplace_back(View(field.name_string()), View(field.value()));
  }
  request.body = std::move(from->body());
  request.client = std::move(client);
  return request;
}

void SetHead(const HttpResponse& from, http::fields* fields) {
  fields->set(http::field::server, "flamekeep");
  fields->set(http::field::content_type, from.content_type);
  fields->set("X-Content-Type-Options", "nosniff");
  fields->set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : from.headers) fields->set(name, value);
}

}  // namespace

HttpSession::HttpSession(Tcp::socket socket, HttpHost* host)
    : host_(host), stream_(std::move(socket)), wake_(stream_.get_executor()) {
  ErrorCode error;
  const Tcp::endpoint peer = stream_.socket().remote_endpoint(error);
  if (!error) client_ = peer.address().to_string();
}

void HttpSession::SetGone() {
  if (reply_ != nullptr) reply_->SetGone();
}

asio::awaitable<void> HttpSession::Serve() {
  const std::shared_ptr<HttpSession> self = shared_from_this();
  while (!host_->stopping && co_await ServeOne()) first_ = false;
  co_await Linger();
}

asio::awaitable<void> HttpSession::Linger() {
  ErrorCode error;
  static_cast<void>(stream_.socket().shutdown(Tcp::socket::shutdown_send, error));
  stream_.expires_after(kLinger);
  uint64_t seen = 0;
  while (unread_ && !error && seen < kMaxLingerBytes) {
    size_t bytes = 0;
    buffer_.clear();
    std::tie(error, bytes) = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kAwait);
    seen += bytes;
  }
  stream_.close();
}

asio::awaitable<bool> HttpSession::WaitForRequest() {
  reading_ = true;
  reading_since_ = Clock::now();
  if (buffer_.size() > 0) co_return true;
  const HttpOptions& options = host_->options;
  stream_.expires_after(
      absl::ToChronoNanoseconds(first_ ? options.request_timeout : options.idle_timeout));
  const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kAwait);
  buffer_.commit(bytes);
  if (first_ && error == beast::error::timeout) host_->Reject("slow");
  co_return !error;
}

asio::awaitable<bool> HttpSession::ServeOne() {
  if (!co_await WaitForRequest()) co_return false;
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(host_->options.max_header_bytes));
  parser.body_limit(boost::none);
  stream_.expires_after(absl::ToChronoNanoseconds(host_->options.request_timeout));
  const auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
  if (error == beast::error::timeout) host_->Reject("slow");
  if (error && !IsProtocolError(error)) co_return false;
  std::optional<Refusal> refusal;
  if (error) {
    unread_ = true;
    refusal = Malformed(error);
    co_return co_await Refuse(&*refusal, false, false);
  }
  const std::string path(PathOf(View(parser.get().target())));
  const HttpRoute* const route = host_->Find(path);
  const bool keep = parser.keep_alive();
  const bool head = parser.get().method() == http::verb::head;
  refusal = Check(route, path, parser);
  if (refusal.has_value()) {
    unread_ = !parser.is_done();
    co_return co_await Refuse(&*refusal, keep && parser.is_done(), head);
  }
  HttpCharge charge(host_->memory);
  if (!co_await ReadBody(route, &parser, &charge, &refusal)) {
    if (!refusal.has_value()) co_return false;
    unread_ = true;
    co_return co_await Refuse(&*refusal, false, head);
  }
  reading_ = false;
  const unsigned version = parser.get().version();
  Dispatch(*route, ToRequest(&parser.get(), client_), std::move(charge));
  const bool goes_on = co_await Answer(route, keep && !host_->stopping, head, version);
  reply_ = nullptr;
  co_return goes_on;
}

HttpSession::Refusal HttpSession::Malformed(const ErrorCode& error, const HttpRoute* route) {
  constexpr int kBadRequest = 400;
  constexpr int kHeaderTooLarge = 431;
  const HttpErrors form = route == nullptr ? HttpErrors::kText : route->errors;
  Refusal refusal{.route = route, .reason = "malformed"};
  if (error == http::error::header_limit) {
    refusal.response =
        ErrorResponse(kHeaderTooLarge,
                      InvalidArgument("the header of this request is too large: shorten it"), form);
  } else if (error == http::error::body_limit) {
    refusal.response = ErrorResponse(kTooLarge, TooLarge(host_->MaxBody(*route)), form);
  } else {
    refusal.response = ErrorResponse(
        kBadRequest, InvalidArgument("this is not an HTTP request: {}", error.message()), form);
  }
  return refusal;
}

std::optional<HttpSession::Refusal> HttpSession::Check(const HttpRoute* route,
                                                       std::string_view path,
                                                       const Parser& parser) const {
  if (route == nullptr) {
    return Refusal{.response = ErrorResponse(NothingAt(path), HttpErrors::kText)};
  }
  if ((MethodBit(parser.get().method()) & route->methods) == 0) {
    const std::string allowed = AllowedMethods(route->methods);
    Refusal refusal{
        .response = ErrorResponse(kMethodNotAllowed,
                                  Error(absl::StatusCode::kUnimplemented, "{} answers to {} only",
                                        Shorten(path), allowed),
                                  route->errors),
        .route = route};
    refusal.response.headers.emplace_back("Allow", allowed);
    return refusal;
  }
  const std::string_view origin = View(parser.get()[http::field::origin]);
  const bool sends = MethodBit(parser.get().method()) != kHttpGet;
  if (sends && !route->pages_may_post && !origin.empty()) {
    return Refusal{
        .response = ErrorResponse(
            Error(absl::StatusCode::kPermissionDenied,
                  "a web page (Origin: {}) may not send to {}: use a client that is no browser",
                  Shorten(origin), Shorten(path)),
            route->errors),
        .route = route,
        .reason = "web_page"};
  }
  const size_t max_bytes = host_->MaxBody(*route);
  if (parser.content_length().value_or(0) > max_bytes) {
    return Refusal{.response = ErrorResponse(kTooLarge, TooLarge(max_bytes), route->errors),
                   .route = route,
                   .reason = "malformed"};
  }
  return std::nullopt;
}

asio::awaitable<bool> HttpSession::ReadBody(const HttpRoute* route, Parser* parser,
                                            HttpCharge* charge, std::optional<Refusal>* refusal) {
  if (parser->is_done()) co_return true;
  const Clock::time_point begin = Clock::now();
  const auto patience = absl::ToChronoNanoseconds(host_->options.request_timeout);
  parser->body_limit(host_->MaxBody(*route));
  if (SameToken(View(parser->get()[http::field::expect]), "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, parser->get().version());
    stream_.expires_after(patience);
    const auto [error, bytes] = co_await http::async_write(stream_, go_on, kAwait);
    if (error) co_return false;
  }
  while (!parser->is_done()) {
    stream_.expires_at(begin + patience +
                       std::chrono::seconds(charge->bytes() / kMinBytesPerSecond));
    const auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, *parser, kAwait);
    if (error && error != http::error::need_more) {
      if (error == beast::error::timeout) host_->Reject("slow");
      if (IsProtocolError(error)) *refusal = Malformed(error, route);
      co_return false;
    }
    const uint64_t size = parser->get().body().size();
    if (!charge->Add(size - charge->bytes())) {
      *refusal = Refusal{.response = ErrorResponse(NoHttpMemory(), route->errors),
                         .route = route,
                         .reason = "memory"};
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<bool> HttpSession::Refuse(Refusal* refusal, bool keep, bool head) {
  reading_ = false;
  if (!refusal->reason.empty()) host_->Reject(refusal->reason);
  host_->Count(refusal->route == nullptr ? "other" : refusal->route->path,
               refusal->response.status);
  co_return co_await WriteWhole(&refusal->response, keep && !host_->stopping, head);
}

void HttpSession::Dispatch(const HttpRoute& route, HttpRequest request, HttpCharge charge) {
  const std::weak_ptr<HttpSession> weak = weak_from_this();
  reply_ = std::make_shared<HttpReply>([loop = host_->loop, weak] {
    loop->Post([weak] {
      if (const auto session = weak.lock()) session->wake_.cancel();
    });
  });
  const bool has_body = !request.body.empty();
  const auto call =
      std::make_shared<HttpCall>(std::move(request), std::move(charge), reply_, host_->workers);
  if (!route.blocking && !has_body) return host_->Handle(route, call);
  if (host_->TryPost([host = host_, &route, call] { host->Handle(route, call); })) return;
  host_->Reject("busy");
  call->Respond(
      ErrorResponse(absl::UnavailableError("the server is busy: try again"), route.errors));
}

void HttpSession::WatchCaller() {
  stream_.socket().async_wait(
      Tcp::socket::wait_read, [self = shared_from_this(), reply = reply_](const ErrorCode& error) {
        if (error || self->reply_ != reply) return;
        char byte = 0;
        const ssize_t bytes =
            recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        // What else may have come is the next request.
        if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) reply->SetGone();
      });
}

asio::awaitable<HttpReply::Event> HttpSession::NextEvent() {
  while (true) {
    if (std::optional<HttpReply::Event> event = reply_->Take(); event.has_value()) {
      co_return *std::move(event);
    }
    wake_.expires_at(Clock::time_point::max());
    co_await wake_.async_wait(kAwait);
  }
}

asio::awaitable<bool> HttpSession::Answer(const HttpRoute* route, bool keep, bool head,
                                          unsigned version) {
  using Kind = HttpReply::Event::Kind;
  std::optional<HttpReply::Event> event = reply_->Take();
  if (!event.has_value()) {
    WatchCaller();
    event = co_await NextEvent();
  }
  host_->Count(route->path, event->kind == Kind::kEnd ? kInternalError : event->response.status);
  if (event->no_memory) host_->Reject("memory");
  bool goes_on = false;
  if (event->kind == Kind::kWhole) {
    goes_on = co_await WriteWhole(&event->response, keep, head);
  } else if (event->kind == Kind::kBegin) {
    goes_on = co_await WritePieces(&event->response, keep, head, version);
  }
  reply_->SetGone();
  ErrorCode ignored;
  // The watch for the caller: nothing else is under way.
  if (goes_on) static_cast<void>(stream_.socket().cancel(ignored));
  co_return goes_on;
}

asio::awaitable<bool> HttpSession::WriteWhole(HttpResponse* from, bool keep, bool head) {
  http::response<http::string_body> response;
  response.result(static_cast<unsigned>(from->status));
  SetHead(*from, &response);
  response.keep_alive(keep);
  // Who has it all is told nothing about a body.
  if (from->status != kHttpNotModified) response.content_length(from->body.size());
  if (!head) response.body() = std::move(from->body);
  stream_.expires_after(absl::ToChronoNanoseconds(host_->options.response_timeout));
  http::response_serializer<http::string_body> serializer(response);
  ErrorCode error;
  if (head) {
    std::tie(error, std::ignore) = co_await http::async_write_header(stream_, serializer, kAwait);
  } else {
    std::tie(error, std::ignore) = co_await http::async_write(stream_, serializer, kAwait);
  }
  if (error == beast::error::timeout) host_->Reject("slow_reader");
  co_return !error && keep;
}

asio::awaitable<bool> HttpSession::WritePieces(HttpResponse* from, bool keep, bool head,
                                               unsigned version) {
  constexpr unsigned kHttp11 = 11;
  // Older clients know no chunks: the end of the connection is the end.
  const bool chunked = version >= kHttp11;
  http::response<http::buffer_body> response;
  response.version(version);
  response.result(static_cast<unsigned>(from->status));
  SetHead(*from, &response);
  response.keep_alive(keep && chunked);
  if (chunked) response.chunked(true);
  response.body().data = nullptr;
  response.body().more = true;
  http::response_serializer<http::buffer_body> serializer(response);
  const auto patience = absl::ToChronoNanoseconds(host_->options.response_timeout);
  ErrorCode error;
  stream_.expires_after(patience);
  std::tie(error, std::ignore) = co_await http::async_write_header(stream_, serializer, kAwait);
  bool last = false;
  while (!error && !last) {
    HttpReply::Event event = co_await NextEvent();
    last = event.kind == HttpReply::Event::Kind::kEnd;
    if (last && !event.complete) co_return false;
    if (!head && (last || !event.piece.empty())) {
      response.body().data = last ? nullptr : event.piece.data();
      response.body().size = event.piece.size();
      response.body().more = !last;
      stream_.expires_after(patience);
      std::tie(error, std::ignore) = co_await http::async_write(stream_, serializer, kAwait);
      if (error == http::error::need_buffer) error = {};
    }
    event.then.Tell(!error);
  }
  if (error == beast::error::timeout) host_->Reject("slow_reader");
  co_return !error && keep && chunked;
}

}  // namespace flamekeep::server
