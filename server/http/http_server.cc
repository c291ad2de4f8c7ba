#include "server/http/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <list>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "server/address.h"
#include "server/http/http_session.h"

namespace flamekeep::server {

namespace {

// After an error that leaves no descriptors, accepting again at once would spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, std::vector<HttpRoute> routes)
      : host_(std::move(options), std::move(routes), &io_), acceptor_(io_) {}

  ~Impl() { Stop(absl::ZeroDuration()); }

  absl::Status Listen() {
    FLAMEKEEP_ASSIGN_OR_RETURN(const Address wanted, ParseAddress(host_.options.address));
    FLAMEKEEP_ASSIGN_OR_RETURN(const Address numeric, Resolve(wanted));
    boost::system::error_code error;
    try {
      const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::make_address(numeric.host),
                                                    numeric.port);
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen(boost::asio::socket_base::max_listen_connections);
    } catch (const boost::system::system_error& failure) {
      error = failure.code();
    }
    if (error == boost::asio::error::address_in_use) {
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
    const boost::asio::ip::tcp::endpoint taken = acceptor_.local_endpoint();
    address_ = Address{taken.address().to_string(), taken.port()}.ToString();
    return absl::OkStatus();
  }

  void Run() {
    boost::asio::co_spawn(io_, Accept(), boost::asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  const std::string& address() const { return address_; }

  void Stop(absl::Duration grace) {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] {
      host_.stopping = true;
      boost::system::error_code ignored;
      static_cast<void>(acceptor_.close(ignored));
      for (const auto& session : sessions_) {
        if (session->reading()) session->Cut();
      }
      if (sessions_.empty()) idle_.Notify();
    });
    idle_.WaitForNotificationWithTimeout(grace);
    host_.loop->Close();
    io_.stop();
    thread_.join();
    // Whoever still answers is told; the pool then has nothing that waits for a caller.
    for (const auto& session : sessions_) session->SetGone();
    host_.workers->Stop();
  }

 private:
  using Sessions = std::list<std::shared_ptr<HttpSession>>;

  boost::asio::awaitable<void> Accept() {
    constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
    boost::asio::steady_timer pause(io_);
    while (!host_.stopping) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (host_.stopping) break;
      if (error) {
        host_.Reject("accept");
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kAwait);
        continue;
      }
      if (sessions_.size() >= host_.options.max_connections && !CutOldest()) {
        host_.Reject("connections");
        continue;
      }
      sessions_.push_back(std::make_shared<HttpSession>(std::move(socket), &host_));
      const auto session = std::prev(sessions_.end());
      boost::asio::co_spawn(io_, (*session)->Serve(), [this, session](const std::exception_ptr&) {
        (*session)->SetGone();
        sessions_.erase(session);
        if (host_.stopping && sessions_.empty()) idle_.Notify();
      });
    }
  }

  // Makes room for a newcomer. False where every connection is being answered.
  bool CutOldest() {
    HttpSession* oldest = nullptr;
    for (const auto& session : sessions_) {
      if (!session->reading()) continue;
      if (oldest == nullptr || session->reading_since() < oldest->reading_since()) {
        oldest = session.get();
      }
    }
    if (oldest == nullptr) return false;
    oldest->Cut();
    host_.Reject("evicted");
    return true;
  }

  std::string address_;
  boost::asio::io_context io_{1};
  // io_'s thread only. What follows io_ is destroyed before it.
  HttpHost host_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Sessions sessions_;
  absl::Notification idle_;
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
