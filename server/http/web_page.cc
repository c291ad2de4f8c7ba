#include "server/http/web_page.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "base/gzip.h"
#include "flamekeep/version.h"
#include "server/http/http_call.h"
#include "server/http/http_errors.h"

namespace flamekeep::server {

namespace {

constexpr std::string_view kIndex = "/index.html";
constexpr std::string_view kAssets = "/assets/";
constexpr std::string_view kSpeedscope = "/speedscope/";

constexpr int kPermanentRedirect = 308;
constexpr size_t kMaxFileBytes = size_t{64} << 20;

constexpr std::string_view kWelcome =
    "Flamekeep {}\n"
    "\n"
    "{}\n"
    "\n"
    "/healthz  the process lives\n"
    "/readyz   samples are taken in\n"
    "/metrics  Prometheus metrics\n"
    "/render   a flame graph: ?query=SELECTOR&from=now-1h&to=now&format=svg\n"
    "/pprof    the same for go tool pprof\n"
    "/arclamp/ Arc Lamp's files: /arclamp/svgs/daily/2026-11-20.excimer-wall.all.svgz\n"
    "/upload   takes a pprof file by PUT: ?service_name=NAME\n"
    "/ingest, /v1development/profiles: for Pyroscope's and OpenTelemetry's senders\n"
    "\n"
    "/flamekeep.v1.QueryService/METHOD and others: Connect, in JSON or binary\n"
    "/querier.v1.QuerierService/METHOD, /pyroscope/render: for Grafana's Pyroscope datasource\n";
constexpr std::string_view kHasPage = "/         for browsers: the page with flame graphs";
constexpr std::string_view kHasNoPage =
    "This server has no page for browsers: it was built with -DFLAMEKEEP_WEB=OFF.";

constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
// It makes style elements, and reads Java's recordings by WebAssembly.
constexpr std::string_view kSpeedscopePolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

constexpr std::pair<std::string_view, std::string_view> kContentTypes[] = {
    {".css", "text/css; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".js", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".woff2", "font/woff2"},
};

std::string_view ContentTypeOf(std::string_view path) {
  for (const auto& [ending, type] : kContentTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

// Vite and esbuild put eight characters of a hash of the content behind a dash at the end of a
// name.
bool TellsItsContent(std::string_view path) {
  constexpr size_t kHashBytes = 8;
  const std::string_view stem = path.substr(0, path.rfind('.'));
  if (stem.size() <= kHashBytes || stem[stem.size() - kHashBytes - 1] != '-') return false;
  const std::string_view hash = stem.substr(stem.size() - kHashBytes);
  return std::all_of(hash.begin(), hash.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

struct ServedFile {
  std::string_view packed;
  std::vector<HttpHeader> headers;  // but for how it is packed
  std::string_view content_type;
  std::string etag;
};

ServedFile ToServed(const WebFile& file) {
  ServedFile served{
      .packed = file.packed,
      .content_type = ContentTypeOf(file.path),
      // Weak: packed and unpacked share it.
      .etag = fmt::format("W/\"{:016x}\"", XXH3_64bits(file.packed.data(), file.packed.size()))};
  const bool kept = TellsItsContent(file.path);
  served.headers = {
      {"Cache-Control", kept ? "public, max-age=31536000, immutable" : "no-cache"},
      {"ETag", served.etag},
      {"Referrer-Policy", "no-referrer"},
      {"Content-Security-Policy",
       std::string(file.path.starts_with(kSpeedscope) ? kSpeedscopePolicy : kPagePolicy)},
      {"Vary", file.path == kIndex ? "Accept, Accept-Encoding" : "Accept-Encoding"}};
  return served;
}

class WebSite {
 public:
  explicit WebSite(absl::Span<const WebFile> files) {
    for (const WebFile& file : files) files_.emplace(file.path, ToServed(file));
  }

  // What "/" is.
  void AnswerRoot(std::shared_ptr<HttpCall> call) const {
    const bool has_page = files_.contains(kIndex);
    // A browser names it; curl takes anything and is better off with text.
    if (has_page && ListsToken(call->request().Header("Accept"), "text/html")) {
      return Answer(kIndex, std::move(call));
    }
    call->Respond({.body = fmt::format(kWelcome, kVersion, has_page ? kHasPage : kHasNoPage),
                   .headers = {{"Vary", "Accept"}}});
  }

  void Answer(std::string_view path, std::shared_ptr<HttpCall> call) const {
    const auto found = files_.find(path);
    if (found == files_.end()) {
      return call->Respond(ErrorResponse(NothingAt(path), HttpErrors::kText));
    }
    const ServedFile& file = found->second;
    HttpResponse response{.content_type = std::string(file.content_type), .headers = file.headers};
    const std::string_view known = call->request().Header("If-None-Match");
    if (known.find(file.etag) != std::string_view::npos) {
      response.status = kHttpNotModified;
      return call->Respond(std::move(response));
    }
    if (call->request().AcceptsGzip()) {
      response.body = file.packed;
      response.headers.emplace_back("Content-Encoding", "gzip");
      return call->Respond(std::move(response));
    }
    // Takes time: not on the I/O thread.
    HttpCall& task = *call;
    task.Run(
        [call = std::move(call), packed = file.packed, response = std::move(response)]() mutable {
          absl::StatusOr<std::string> body = Gunzip(packed, kMaxFileBytes);
          if (!body.ok()) return call->Respond(ErrorResponse(body.status(), HttpErrors::kText));
          response.body = *std::move(body);
          call->Respond(std::move(response));
        });
  }

 private:
  absl::flat_hash_map<std::string_view, ServedFile> files_;
};

}  // namespace

std::vector<HttpRoute> WebPageRoutes(absl::Span<const WebFile> files) {
  const auto site = std::make_shared<const WebSite>(files);
  std::vector<HttpRoute> routes;
  routes.push_back({.path = "/", .start = [site](std::shared_ptr<HttpCall> call) {
                      site->AnswerRoot(std::move(call));
                    }});
  if (files.empty()) return routes;
  routes.push_back({.path = std::string(kAssets),
                    .prefix = true,
                    .start = [site](std::shared_ptr<HttpCall> call) {
                      const std::string path = call->request().path;
                      site->Answer(path, std::move(call));
                    }});
  routes.push_back({.path = std::string(kSpeedscope),
                    .prefix = true,
                    .start = [site](std::shared_ptr<HttpCall> call) {
                      std::string path = call->request().path;
                      if (path == kSpeedscope) path += kIndex.substr(1);
                      site->Answer(path, std::move(call));
                    }});
  // Relative, as a proxy may have put a path in front.
  routes.push_back({.path = "/speedscope", .handle = [](const HttpRequest&) -> HttpResponse {
                      return {.status = kPermanentRedirect,
                              .headers = {{"Location", std::string(kSpeedscope.substr(1))}}};
                    }});
  return routes;
}

}  // namespace flamekeep::server
