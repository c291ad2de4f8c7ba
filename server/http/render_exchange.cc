#include "server/http/render_exchange.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status.h"
#include "query/context.h"
#include "query/gzip_pieces.h"
#include "server/http/http_errors.h"
#include "server/http/json_codec.h"
#include "server/render_format.h"

namespace flamekeep::server {

namespace {

constexpr char kRenderMethod[] = "/flamekeep.v1.QueryService/Render";
constexpr std::string_view kGzipType = "application/gzip";
// Strangers' names stand in drawings: escaped, and nothing is loaded from anywhere.
constexpr char kContentPolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

// What the bytes depend on besides the version.
std::string LookOf(const v1::RenderRequest& request) {
  const std::string look = fmt::format("{};{};{}", static_cast<int>(request.format()),
                                       request.width_of_baseline(), request.title());
  return fmt::format("{:016x}", XXH3_64bits(look.data(), look.size()));
}

// What the answer covers, for files that have no place for it: Coverage as JSON on one line, with
// the first of its gaps. Names in it may be anything: beyond ASCII there is "?".
std::string CoverageText(v1::Coverage coverage) {
  constexpr int kMaxGapsTold = 8;  // proxies take headers of some kilobytes
  if (const int more = coverage.gaps_size() - kMaxGapsTold; more > 0) {
    coverage.set_gaps_left_out(coverage.gaps_left_out() + static_cast<uint64_t>(more));
    coverage.mutable_gaps()->DeleteSubrange(kMaxGapsTold, more);
  }
  std::string text =
      ProtoToJson(*v1::Coverage::descriptor(), coverage.SerializeAsString()).value_or("{}");
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return !absl::ascii_isprint(static_cast<unsigned char>(c)); }, '?');
  return text;
}

// Of the ETags that the caller has, the version of the one with this look; empty where it has none.
std::string KnownVersion(std::string_view if_none_match, std::string_view look) {
  constexpr size_t kVersionBytes = 32;
  const size_t at = if_none_match.find("-" + std::string(look) + "\"");
  if (at == std::string_view::npos || at < kVersionBytes) return "";
  const std::string_view version = if_none_match.substr(at - kVersionBytes, kVersionBytes);
  if (!std::all_of(version.begin(), version.end(), absl::ascii_isxdigit)) return "";
  return std::string(version);
}

// A file on its way from Render to the caller.
class RenderExchange : public std::enable_shared_from_this<RenderExchange> {
 public:
  RenderExchange(LocalCalls* calls, RenderedFile file, std::shared_ptr<HttpCall> call)
      : calls_(*calls), file_(std::move(file)), look_(LookOf(request())), call_(std::move(call)) {}

  // On a worker thread.
  void Start() {
    const HttpRequest& from = call_->request();
    file_.query.request.set_known_version(KnownVersion(from.Header("If-None-Match"), look_));
    if (file_.gzip || (request().format() != v1::RENDER_FORMAT_PPROF && from.AcceptsGzip())) {
      gzip_.emplace(no_bounds_, keep_packed_);
    }
    stream_ = calls_.Stream(
        {.method = kRenderMethod, .caller = from.client}, request().SerializeAsString(),
        call_.get(),
        [self = shared_from_this()](std::string message) {
          HttpCall& call = *self->call_;
          call.Run([self, message = std::move(message)] { self->Take(message); });
        },
        [self = shared_from_this()](const absl::Status& status) {
          HttpCall& call = *self->call_;
          call.Run([self, status] { self->End(status); });
        });
    if (stream_ == nullptr) return End(LocalCalls::NoServices());
    stream_->Next();
  }

 private:
  const v1::RenderRequest& request() const { return file_.query.request; }

  // On a worker thread.
  void Take(const std::string& message) {
    v1::RenderResponse response;
    if (!response.ParseFromString(message)) return stream_->Cancel();
    if (!begun_) {
      begun_ = true;
      if (Begin(response.coverage())) return stream_->Cancel();
    }
    if (gzip_.has_value()) {
      if (!gzip_->Write(response.data()).ok()) return stream_->Cancel();
      response.set_data(std::exchange(packed_, {}));
    }
    if (response.data().empty()) return stream_->Next();
    call_->Write(std::move(*response.mutable_data()), [self = shared_from_this()](bool taken) {
      if (taken) {
        self->stream_->Next();
      } else {
        self->stream_->Cancel();
      }
    });
  }

  // True where the caller has an answer by that.
  bool Begin(const v1::Coverage& coverage) {
    HttpResponse head{.content_type =
                          file_.gzip ? std::string(kGzipType)
                                     : std::string(RenderFormatContentType(request().format()))};
    const bool kept = coverage.final() && file_.query.fixed;
    head.headers = {{"ETag", fmt::format("W/\"{}-{}\"", coverage.version(), look_)},
                    {"Cache-Control", kept ? "max-age=86400" : "no-cache"},
                    {"Vary", "Accept-Encoding"},
                    {"Flamekeep-Coverage", CoverageText(coverage)}};
    head.headers.insert(head.headers.end(), file_.headers.begin(), file_.headers.end());
    if (!coverage.version().empty() && coverage.version() == request().known_version()) {
      head.status = kHttpNotModified;
      call_->Respond(std::move(head));
      return true;
    }
    if (file_.check) {
      if (const absl::Status status = file_.check(coverage); !status.ok()) {
        call_->Respond(ErrorResponse(status, HttpErrors::kText));
        return true;
      }
    }
    const bool shown = !file_.gzip && request().format() != v1::RENDER_FORMAT_PPROF;
    head.headers.emplace_back(
        "Content-Disposition",
        fmt::format("{}; filename=\"{}\"", shown ? "inline" : "attachment", file_.name));
    head.headers.emplace_back("Content-Security-Policy", kContentPolicy);
    if (gzip_.has_value() && !file_.gzip) head.headers.emplace_back("Content-Encoding", "gzip");
    call_->Begin(std::move(head));
    return false;
  }

  // On a worker thread, after all Take().
  void End(const absl::Status& status) {
    if (!begun_) {
      return call_->Respond(
          ErrorResponse(status.ok() ? absl::InternalError("this file has no content") : status,
                        HttpErrors::kText));
    }
    if (!status.ok() || (gzip_.has_value() && !gzip_->Finish().ok())) return call_->End(false);
    if (packed_.empty()) return call_->End();
    call_->Write(std::move(packed_), [call = call_](bool taken) { call->End(taken); });
  }

  LocalCalls& calls_;
  RenderedFile file_;
  const std::string look_;
  const std::shared_ptr<HttpCall> call_;
  std::shared_ptr<LocalStream> stream_;
  bool begun_ = false;
  // Render has bounds of its own.
  const query::Context no_bounds_;
  std::string packed_;
  const std::function<absl::Status(std::string_view)> keep_packed_ =
      [this](std::string_view piece) {
        packed_ += piece;
        return absl::OkStatus();
      };
  std::optional<query::GzipPieces> gzip_;
};

}  // namespace

void SendRendered(LocalCalls* calls, RenderedFile file, std::shared_ptr<HttpCall> call) {
  std::make_shared<RenderExchange>(calls, std::move(file), std::move(call))->Start();
}

}  // namespace flamekeep::server
