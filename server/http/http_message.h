// What goes over HTTP, as handlers see it.
//
// Thread safety: values.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_MESSAGE_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_MESSAGE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/http_memory.h"

namespace flamekeep::server {

inline constexpr int kHttpNotModified = 304;

// Name and value.
using HttpHeader = std::pair<std::string, std::string>;

struct HttpRequest {
  std::string method;  // "GET", "POST", "PUT"; that of HEAD is "GET", its body is left out
  std::string path;    // as sent, without the query
  std::string query;   // what stands after '?', still encoded: query_string.h
  std::vector<HttpHeader> headers;
  std::string body;    // whole; gzip around it was taken off
  std::string client;  // the caller's host, without a port

  // The value of the first header of that name, whatever its case; empty where there is none.
  std::string_view Header(std::string_view name) const;
  // Whether the caller takes gzip.
  bool AcceptsGzip() const;
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<HttpHeader> headers;  // further ones
  // What the body has of the memory for bodies, once it is on its way.
  std::shared_ptr<const HttpCharge> charge = nullptr;
};

// Whether they are equal but for the case of letters.
bool SameToken(std::string_view a, std::string_view b);

// "a, b;q=0" says that a is taken and b is not.
bool ListsToken(std::string_view header, std::string_view token);

// Puts gzip around the body where the caller takes it and it is worth it. Takes time: not on the
// I/O thread.
void MayCompress(const HttpRequest& request, HttpResponse* response);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_MESSAGE_H_
