#include "server/http/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <exception>
#include <list>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "server/address.h"
#include "server/text.h"
#include "server/worker_pool.h"

namespace flamekeep::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// Completes with (error, value) instead of an exception.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr size_t kReadBytes = 4096;
constexpr size_t kMaxQueued = 64;
// After an error that leaves no descriptors, accepting again at once would spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

HttpResponse Sentence(int status, std::string sentence) {
  return {.status = status, .body = std::move(sentence) + "\n"};
}

// Whether the client is still there and sent something that is no request.
bool IsProtocolError(const ErrorCode& error) {
  static const auto& category = make_error_code(http::error::bad_version).category();
  return error.category() == category && error != http::error::end_of_stream &&
         error != http::error::partial_message;
}

HttpResponse ResponseFor(const ErrorCode& error) {
  if (error == http::error::header_limit) {
    return Sentence(431, "the header of this request is too large");
  }
  if (error == http::error::body_limit) {
    return Sentence(413, "the body of this request is too large");
  }
  return Sentence(400, "this is not an HTTP request: " + error.message());
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, std::vector<HttpRoute> routes)
      : options_(std::move(options)), acceptor_(io_), workers_("http-worker", 1, kMaxQueued) {
    for (HttpRoute& route : routes) {
      std::string path = route.path;
      routes_.emplace(std::move(path), std::move(route));
    }
  }

  ~Impl() { Stop(absl::ZeroDuration()); }

  absl::Status Listen() {
    FLAMEKEEP_ASSIGN_OR_RETURN(const Address wanted, ParseAddress(options_.address));
    FLAMEKEEP_ASSIGN_OR_RETURN(const Address numeric, Resolve(wanted));
    ErrorCode error;
    try {
      const Tcp::endpoint endpoint(asio::ip::make_address(numeric.host), numeric.port);
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(asio::socket_base::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen(asio::socket_base::max_listen_connections);
    } catch (const boost::system::system_error& failure) {
      error = failure.code();
    }
    if (error == asio::error::address_in_use) {
      return Error(absl::StatusCode::kUnavailable,
                   "the HTTP address {} is in use: stop what listens there, or choose another "
                   "with --http",
                   wanted.ToString());
    }
    if (error) {
      return Error(absl::StatusCode::kUnavailable,
                   "can not listen for HTTP on {}: {}: choose another address with --http",
                   wanted.ToString(), error.message());
    }
    const Tcp::endpoint taken = acceptor_.local_endpoint();
    address_ = Address{taken.address().to_string(), taken.port()}.ToString();
    return absl::OkStatus();
  }

  void Run() {
    asio::co_spawn(io_, Accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  const std::string& address() const { return address_; }

  void Stop(absl::Duration grace) {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      stopping_ = true;
      ErrorCode ignored;
      static_cast<void>(acceptor_.close(ignored));
      for (Session& session : sessions_) {
        if (session.reading) session.stream.close();
      }
      if (sessions_.empty()) idle_.Notify();
    });
    idle_.WaitForNotificationWithTimeout(grace);
    io_.stop();
    thread_.join();
    workers_.Stop();
  }

 private:
  // A connection. Lives in sessions_ while its coroutine runs.
  struct Session {
    explicit Session(Tcp::socket socket) : stream(std::move(socket)) {}
    beast::tcp_stream stream;
    bool reading = true;  // waits for bytes of the client: may be cut
    std::chrono::steady_clock::time_point reading_since = std::chrono::steady_clock::now();
  };

  asio::awaitable<void> Accept() {
    asio::steady_timer pause(io_);
    while (!stopping_) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (stopping_) break;
      if (error) {
        Reject("accept");
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kAwait);
        continue;
      }
      if (sessions_.size() >= options_.max_connections && !CutOldest()) {
        Reject("connections");
        continue;
      }
      sessions_.emplace_back(std::move(socket));
      const auto session = std::prev(sessions_.end());
      asio::co_spawn(io_, Serve(&*session), [this, session](const std::exception_ptr&) {
        sessions_.erase(session);
        if (stopping_ && sessions_.empty()) idle_.Notify();
      });
    }
  }

  // Makes room for a newcomer. False where every connection is being answered.
  bool CutOldest() {
    Session* oldest = nullptr;
    for (Session& session : sessions_) {
      if (!session.reading || !session.stream.socket().is_open()) continue;
      if (oldest == nullptr || session.reading_since < oldest->reading_since) oldest = &session;
    }
    if (oldest == nullptr) return false;
    oldest->stream.close();
    Reject("evicted");
    return true;
  }

  asio::awaitable<void> Serve(Session* session) {
    beast::tcp_stream& stream = session->stream;
    beast::flat_buffer buffer;
    bool keep = true;
    for (bool first = true; keep && !stopping_; first = false) {
      session->reading = true;
      session->reading_since = std::chrono::steady_clock::now();
      if (buffer.size() == 0) {
        stream.expires_after(
            absl::ToChronoNanoseconds(first ? options_.request_timeout : options_.idle_timeout));
        const auto [error, bytes] =
            co_await stream.async_read_some(buffer.prepare(kReadBytes), kAwait);
        if (error) {
          if (first && error == beast::error::timeout) Reject("slow");
          break;
        }
        buffer.commit(bytes);
      }
      http::request_parser<http::string_body> parser;
      parser.header_limit(static_cast<uint32_t>(options_.max_header_bytes));
      parser.body_limit(options_.max_body_bytes);
      stream.expires_after(absl::ToChronoNanoseconds(options_.request_timeout));
      const auto [error, bytes] = co_await http::async_read(stream, buffer, parser, kAwait);
      session->reading = false;
      if (error == beast::error::timeout) Reject("slow");
      if (error && !IsProtocolError(error)) break;
      HttpResponse response;
      bool head = false;
      if (error) {
        keep = false;
        Reject("malformed");
        response = ResponseFor(error);
      } else {
        keep = parser.get().keep_alive();
        head = parser.get().method() == http::verb::head;
        response = co_await Answer(parser.get());
      }
      if (!co_await Write(&stream, std::move(response), keep && !stopping_, head)) break;
    }
    ErrorCode ignored;
    static_cast<void>(stream.socket().shutdown(Tcp::socket::shutdown_both, ignored));
    stream.close();
  }

  // Runs the handler on the worker thread and goes on here.
  auto OnWorker(const HttpRoute* route, const HttpRequest* request) {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(HttpResponse)>(
        [this, route, request](auto handler) {
          // Shared, as the task is gone when the pool refuses it.
          auto done = std::make_shared<decltype(handler)>(std::move(handler));
          const auto finish = [this, done](HttpResponse response) {
            asio::post(io_, [done, response = std::move(response)]() mutable {
              std::move (*done)(std::move(response));
            });
          };
          if (!workers_.TryPost([route, request, finish] { finish(route->handle(*request)); })) {
            finish(Sentence(503, "the server is busy: try again"));
          }
        },
        asio::use_awaitable);
  }

  asio::awaitable<HttpResponse> Answer(const http::request<http::string_body>& request) {
    const std::string_view target(request.target().data(), request.target().size());
    const size_t question = target.find('?');
    HttpRequest plain{.path = std::string(target.substr(0, question))};
    if (question != std::string_view::npos) plain.query = target.substr(question + 1);
    const auto route = routes_.find(plain.path);
    if (route == routes_.end()) {
      Count("other", 404);
      co_return Sentence(
          404, fmt::format("there is nothing at {}: / tells what there is", Shorten(plain.path)));
    }
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      Count(plain.path, 405);
      co_return Sentence(405, fmt::format("{} answers to GET only", plain.path));
    }
    HttpResponse response;
    const HttpRoute& found = route->second;
    if (found.blocking) {
      response = co_await OnWorker(&found, &plain);
    } else {
      response = found.handle(plain);
    }
    Count(plain.path, response.status);
    co_return response;
  }

  // False where the client did not take it.
  asio::awaitable<bool> Write(beast::tcp_stream* stream, HttpResponse from, bool keep, bool head) {
    http::response<http::string_body> response;
    response.result(static_cast<unsigned>(from.status));
    response.set(http::field::server, "flamekeep");
    response.set(http::field::content_type, from.content_type);
    response.set("X-Content-Type-Options", "nosniff");
    response.set(http::field::cache_control, "no-store");
    if (from.status == 405) response.set(http::field::allow, "GET, HEAD");
    response.keep_alive(keep);
    response.content_length(from.body.size());
    if (!head) response.body() = std::move(from.body);
    stream->expires_after(absl::ToChronoNanoseconds(options_.response_timeout));
    http::response_serializer<http::string_body> serializer(response);
    ErrorCode error;
    if (head) {
      std::tie(error, std::ignore) = co_await http::async_write_header(*stream, serializer, kAwait);
    } else {
      std::tie(error, std::ignore) = co_await http::async_write(*stream, serializer, kAwait);
    }
    if (error == beast::error::timeout) Reject("slow_reader");
    co_return !error;
  }

  void Count(std::string_view path, int status) {
    if (options_.metrics == nullptr) return;
    options_.metrics
        ->GetCounter("http_requests_total", Severity::kInfo, "HTTP requests that were answered",
                     {{"path", std::string(path)}, {"code", std::to_string(status)}})
        .Add();
  }

  void Reject(std::string_view reason) {
    if (options_.metrics == nullptr) return;
    options_.metrics
        ->GetCounter("http_rejected_total", Severity::kError,
                     "HTTP connections and requests that were refused or cut",
                     {{"reason", std::string(reason)}})
        .Add();
  }

  const HttpOptions options_;
  std::map<std::string, HttpRoute, std::less<>> routes_;
  std::string address_;

  asio::io_context io_{1};
  // io_'s thread only. What follows io_ is destroyed before it.
  Tcp::acceptor acceptor_;
  std::list<Session> sessions_;
  bool stopping_ = false;
  absl::Notification idle_;
  WorkerPool workers_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return impl_->address(); }

void HttpServer::Stop(absl::Duration grace) { impl_->Stop(grace); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpOptions options,
                                                              std::vector<HttpRoute> routes) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(routes));
  FLAMEKEEP_RETURN_IF_ERROR(impl->Listen());
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace flamekeep::server
