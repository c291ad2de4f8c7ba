#include "server/http/pyroscope_render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/querier_convert.h"
#include "server/grpc/querier_selector.h"
#include "server/http/render_query.h"
#include "server/text.h"
#include "storage/column.h"

namespace flamekeep::server {

namespace {

constexpr char kSeriesOfTimeline[] = "/flamekeep.v1.QueryService/Series";
constexpr char kRenderOfGraph[] = "/flamekeep.v1.QueryService/Render";
constexpr size_t kMaxGraphBytes = size_t{64} << 20;
constexpr int64_t kTimelinePoints = 400;
constexpr int64_t kMinuteSeconds = 60;
// What a flamebearer without samples looks like, up to where the timeline stands.
constexpr char kEmptyGraph[] =
    R"({"version":1,"flamebearer":{"names":["total"],"levels":[[0,0,0,0]],"numTicks":0,)"
    R"("maxSelf":0},"metadata":{"format":"single","spyName":"flamekeep","sampleRate":100,)"
    R"("units":"samples","name":""})";

uint32_t MaxNodesOf(std::string_view text) {
  int64_t nodes = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &nodes) || nodes <= 0) {
    nodes = kDefaultPyroscopeNodes;
  }
  return static_cast<uint32_t>(std::min(nodes, kMaxPyroscopeNodes));
}

// One request: the timeline first, then the graph.
class PyroscopeExchange : public std::enable_shared_from_this<PyroscopeExchange> {
 public:
  PyroscopeExchange(LocalCalls* calls, PyroscopeQuestion question, std::shared_ptr<HttpCall> call)
      : calls_(*calls), question_(std::move(question)), call_(std::move(call)) {}

  // On a worker thread.
  void Start() {
    if (!question_.can_match) return Respond("");
    if (question_.render.format() == v1::RENDER_FORMAT_FOLDED) return AskForGraph();
    calls_.Unary(
        {.method = kSeriesOfTimeline, .caller = call_->request().client},
        question_.series.SerializeAsString(), call_.get(),
        [self = shared_from_this()](const absl::Status& status, std::string reply) {
          HttpCall& call = *self->call_;
          call.Run([self, status, reply = std::move(reply)] { self->TakeTimeline(status, reply); });
        });
  }

 private:
  void TakeTimeline(const absl::Status& status, const std::string& reply) {
    if (absl::IsNotFound(status)) return Respond("");
    if (!status.ok()) return Fail(status);
    if (!series_.ParseFromString(reply)) return Fail(absl::InternalError("no series came back"));
    AskForGraph();
  }

  void AskForGraph() {
    stream_ = calls_.Stream(
        {.method = kRenderOfGraph, .caller = call_->request().client},
        question_.render.SerializeAsString(), call_.get(),
        [self = shared_from_this()](const std::string& message) { self->Take(message); },
        [self = shared_from_this()](const absl::Status& status) {
          HttpCall& call = *self->call_;
          call.Run([self, status] { self->End(status); });
        });
    if (stream_ == nullptr) return Fail(LocalCalls::NoServices());
    stream_->Next();
  }

  // On gRPC's threads, one after the other.
  void Take(const std::string& message) {
    v1::RenderResponse response;
    too_large_ = graph_.size() + message.size() > kMaxGraphBytes;
    if (too_large_ || !response.ParseFromString(message)) return stream_->Cancel();
    graph_ += response.data();
    stream_->Next();
  }

  void End(const absl::Status& status) {
    if (too_large_) {
      return Fail(Error(absl::StatusCode::kResourceExhausted,
                        "the answer is larger than {} bytes: ask for a shorter range, or use "
                        "/render, which streams",
                        kMaxGraphBytes));
    }
    if (absl::IsNotFound(status)) return Respond("");
    if (!status.ok()) return Fail(status);
    Respond(std::move(graph_));
  }

  void Respond(std::string graph) {
    HttpResponse response;
    if (question_.render.format() == v1::RENDER_FORMAT_FOLDED) {
      response.body = std::move(graph);
    } else {
      response.content_type = "application/json";
      // The timeline goes into the same object.
      if (graph.ends_with("}\n")) graph.resize(graph.size() - 2);
      response.body = graph.empty() ? kEmptyGraph : std::move(graph);
      response.body += ",\"timeline\":" + PyroscopeTimeline(question_.series, series_) + "}\n";
    }
    MayCompress(call_->request(), &response);
    call_->Respond(std::move(response));
  }

  void Fail(const absl::Status& status) {
    call_->Respond(ErrorResponse(status, HttpErrors::kJson));
  }

  LocalCalls& calls_;
  const PyroscopeQuestion question_;
  const std::shared_ptr<HttpCall> call_;
  v1::SeriesResponse series_;
  std::shared_ptr<LocalStream> stream_;
  std::string graph_;
  bool too_large_ = false;
};

}  // namespace

absl::StatusOr<PyroscopeQuestion> ParsePyroscopeRender(const QueryString& query, absl::Time now) {
  PyroscopeQuestion out;
  const std::string_view text = query.Get("query");
  const std::string_view format = query.Get("format");
  if (!format.empty() && format != "json" && format != "collapsed") {
    return InvalidArgument("format={} is not known here: use json or collapsed, or /render",
                           Shorten(format));
  }
  const size_t brace = std::min(text.find('{'), text.size());
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<std::string> selector,
                             SelectorFromPyroscope(text.substr(0, brace), text.substr(brace)));
  out.can_match = selector.has_value();
  const std::string_view from = query.Has("from") ? query.Get("from") : "now-1h";
  const std::string_view until = query.Has("until") ? query.Get("until") : "now";
  FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time begin, ParseUrlTime(from, now));
  FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time end, ParseUrlTime(until, now));
  v1::Selection* selection = out.render.mutable_selection();
  selection->set_selector(selector.value_or(""));
  *selection->mutable_range()->mutable_begin() = ToProto(begin);
  *selection->mutable_range()->mutable_end() = ToProto(end);
  out.render.set_format(format == "collapsed" ? v1::RENDER_FORMAT_FOLDED
                                              : v1::RENDER_FORMAT_FLAMEBEARER);
  if (format != "collapsed") {
    out.render.set_max_nodes(
        MaxNodesOf(query.Has("maxNodes") ? query.Get("maxNodes") : query.Get("max-nodes")));
  }
  *out.series.mutable_selection() = *selection;
  const int64_t minutes =
      std::max<int64_t>(0, absl::ToInt64Minutes(end - begin)) / kTimelinePoints + 1;
  out.series.mutable_step()->set_unit(v1::LEVEL_MINUTE);
  out.series.mutable_step()->set_count(static_cast<uint32_t>(minutes));
  return out;
}

std::string PyroscopeTimeline(const v1::SeriesRequest& asked, const v1::SeriesResponse& series) {
  const int64_t step = std::max<int64_t>(1, asked.step().count()) * kMinuteSeconds;
  const int64_t begin = asked.selection().range().begin().seconds() / step * step;
  const int64_t end = asked.selection().range().end().seconds();
  const int64_t most = kTimelinePoints + 2;
  const int64_t count = std::clamp<int64_t>((end - begin + step - 1) / step, 0, most);
  std::vector<uint64_t> samples(static_cast<size_t>(count));
  bool saturated = false;
  if (series.groups_size() > 0) {
    const v1::SeriesGroup& group = series.groups(0);
    for (int i = 0; i < group.totals_size() && i < series.edges_size() && count > 0; ++i) {
      const int64_t at = (series.edges(i).seconds() - begin) / step;
      uint64_t& sample = samples[static_cast<size_t>(std::clamp<int64_t>(at, 0, count - 1))];
      sample = storage::SaturatingAdd(sample, group.totals(i), &saturated);
    }
  }
  return fmt::format("{{\"startTime\":{},\"samples\":[{}],\"durationDelta\":{}}}", begin,
                     fmt::join(samples, ","), step);
}

HttpRoute PyroscopeRenderRoute(LocalCalls* calls) {
  return {
      .path = "/pyroscope/render",
      .blocking = true,
      .errors = HttpErrors::kJson,
      .start = [calls](std::shared_ptr<HttpCall> call) {
        const absl::StatusOr<QueryString> parsed = QueryString::Parse(call->request().query);
        absl::StatusOr<PyroscopeQuestion> question =
            parsed.ok() ? ParsePyroscopeRender(*parsed, absl::Now()) : parsed.status();
        if (!question.ok()) {
          return call->Respond(ErrorResponse(question.status(), HttpErrors::kJson));
        }
        std::make_shared<PyroscopeExchange>(calls, *std::move(question), std::move(call))->Start();
      }};
}

}  // namespace flamekeep::server
