#include "server/http/http_message.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "base/gzip.h"

namespace flamekeep::server {

namespace {

// Smaller ones fit one packet anyway.
constexpr size_t kMinGzipBytes = 1024;

std::string_view TrimmedToken(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
  return text;
}

// Whether parameters behind a token say that it is not wanted: "q=0", "q=0.00".
bool IsUnwanted(std::string_view parameters) {
  const size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  return TrimmedToken(parameters.substr(q + 2)).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool SameToken(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(absl::string_view(a.data(), a.size()),
                                absl::string_view(b.data(), b.size()));
}

bool ListsToken(std::string_view header, std::string_view token) {
  while (!header.empty()) {
    const size_t comma = header.find(',');
    const std::string_view item = header.substr(0, comma);
    header.remove_prefix(comma == std::string_view::npos ? header.size() : comma + 1);
    const size_t semicolon = item.find(';');
    if (!SameToken(TrimmedToken(item.substr(0, semicolon)), token)) continue;
    return semicolon == std::string_view::npos || !IsUnwanted(item.substr(semicolon + 1));
  }
  return false;
}

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (SameToken(header, name)) return value;
  }
  return {};
}

bool HttpRequest::AcceptsGzip() const { return ListsToken(Header("Accept-Encoding"), "gzip"); }

void MayCompress(const HttpRequest& request, HttpResponse* response) {
  response->headers.emplace_back("Vary", "Accept-Encoding");
  if (response->body.size() < kMinGzipBytes || !request.AcceptsGzip()) return;
  absl::StatusOr<std::string> packed = Gzip(response->body);
  if (!packed.ok() || packed->size() >= response->body.size()) return;
  response->body = *std::move(packed);
  response->headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace flamekeep::server
