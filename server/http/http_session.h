// One connection of the HTTP server: reads requests, finds their routes, writes what handlers
// answer. For http_server.cc.
//
// Threading: on the I/O thread only.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_SESSION_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_SESSION_H_

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/http_call.h"
#include "server/http/http_host.h"
#include "server/http/http_server.h"

namespace flamekeep::server {

class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  // `host` outlives it.
  HttpSession(boost::asio::ip::tcp::socket socket, HttpHost* host);

  // Until the connection ends.
  boost::asio::awaitable<void> Serve();

  // Waits for bytes of the client, and since when: may be cut then.
  bool reading() const { return reading_ && stream_.socket().is_open(); }
  std::chrono::steady_clock::time_point reading_since() const { return reading_since_; }
  void Cut() { stream_.close(); }
  // Whoever answers is told that nobody waits.
  void SetGone();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  // Why a request is not handled.
  struct Refusal {
    HttpResponse response;
    const HttpRoute* route = nullptr;
    std::string_view reason = {};  // where it counts as rejected
  };

  // One request. False: the connection ends.
  boost::asio::awaitable<bool> ServeOne();
  // Waits for the first byte of a request.
  boost::asio::awaitable<bool> WaitForRequest();
  Refusal Malformed(const boost::system::error_code& error, const HttpRoute* route = nullptr);
  std::optional<Refusal> Check(const HttpRoute* route, std::string_view path,
                               const Parser& parser) const;
  // False: the connection is broken, or, where it is set, the refusal is to be told.
  boost::asio::awaitable<bool> ReadBody(const HttpRoute* route, Parser* parser, HttpCharge* charge,
                                        std::optional<Refusal>* refusal);
  boost::asio::awaitable<bool> Refuse(Refusal* refusal, bool keep, bool head);

  void Dispatch(const HttpRoute& route, HttpRequest request, HttpCharge charge);
  void WatchCaller();
  boost::asio::awaitable<HttpReply::Event> NextEvent();
  boost::asio::awaitable<bool> Answer(const HttpRoute* route, bool keep, bool head,
                                      unsigned version);
  // These take the response. False: the client did not take all of it, or it is the last one.
  boost::asio::awaitable<bool> WriteWhole(HttpResponse* from, bool keep, bool head);
  boost::asio::awaitable<bool> WritePieces(HttpResponse* from, bool keep, bool head,
                                           unsigned version);
  // Lets the client read the last answer before the connection is gone.
  boost::asio::awaitable<void> Linger();

  HttpHost* const host_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer wake_;
  std::string client_;
  std::shared_ptr<HttpReply> reply_;  // of the request in hand
  bool first_ = true;
  bool reading_ = true;
  bool unread_ = false;  // the client may still be sending what is not read
  std::chrono::steady_clock::time_point reading_since_ = std::chrono::steady_clock::now();
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_SESSION_H_
