#include "server/grpc/query_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "query/svg_writer.h"
#include "server/grpc/blocking_writer.h"
#include "server/grpc/convert.h"
#include "server/grpc/query_unary.h"
#include "storage/registry.h"

namespace flamekeep::server {

namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
// How many of the largest answers may wait to be read before further queries are refused.
constexpr uint64_t kUnreadReplies = 2;

using RenderWriter = BlockingWriter<v1::RenderResponse>;

std::string DefaultTitle(const query::Selection& selection, const query::Coverage& coverage) {
  const auto text = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::UTCTimeZone());
  };
  return fmt::format("{} {} to {} UTC", selection.selector, text(coverage.covered.begin),
                     text(coverage.covered.end));
}

absl::Status WriteCoverage(const query::Coverage& coverage, absl::Time deadline,
                           RenderWriter* writer) {
  v1::RenderResponse response;
  *response.mutable_coverage() = ToProto(coverage);
  *response.mutable_stats() = StatsToProto(coverage);
  return writer->Write(std::move(response), deadline);
}

absl::Status WriteData(std::string_view data, absl::Time deadline, RenderWriter* writer) {
  while (!data.empty()) {
    const std::string_view chunk = data.substr(0, kChunkBytes);
    v1::RenderResponse response;
    response.set_data(chunk.data(), chunk.size());
    FLAMEKEEP_RETURN_IF_ERROR(writer->Write(std::move(response), deadline));
    data.remove_prefix(chunk.size());
  }
  return absl::OkStatus();
}

query::FlameGraphOptions SvgGraphOptions(const v1::RenderRequest& request) {
  return {.inverted = request.inverted(),
          .min_share = request.min_share() > 0 ? request.min_share()
                                               : query::SvgMinShare({.title = request.title()})};
}

absl::StatusOr<bool> RenderIsLong(const query::Engine& engine, const v1::RenderRequest& request,
                                  const query::Context& context) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
  const query::FlameGraphOptions options = SvgGraphOptions(request);
  return engine.IsLong(selection, request.format() == v1::RENDER_FORMAT_SVG ? &options : nullptr,
                       context);
}

// Who calls: the host, as one connection more is had for nothing. "ipv4:10.0.0.1:4711",
// "ipv6:%5B::1%5D:4711", "unix:".
std::string ClientOf(std::string_view peer) {
  if (peer.starts_with("unix")) return std::string(peer);
  return std::string(peer.substr(0, peer.rfind(':')));
}

absl::Status RenderSvg(const query::Engine& engine, const query::Selection& selection,
                       const v1::RenderRequest& request, const query::Context& context,
                       RenderWriter* writer) {
  query::SvgOptions svg{.title = request.title()};
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::FlameGraph graph,
                             engine.MakeFlameGraph(selection, SvgGraphOptions(request), context));
  if (svg.title.empty()) svg.title = DefaultTitle(selection, graph.coverage);
  FLAMEKEEP_RETURN_IF_ERROR(WriteCoverage(graph.coverage, context.deadline, writer));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string text, query::WriteSvg(graph, svg, context));
  return WriteData(text, context.deadline, writer);
}

absl::Status RenderTo(const query::Engine& engine, const v1::RenderRequest& request,
                      const query::Context& context, RenderWriter* writer) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
  switch (request.format()) {
    case v1::RENDER_FORMAT_SVG:
      return RenderSvg(engine, selection, request, context, writer);
    case v1::RENDER_FORMAT_FOLDED:
      return engine.WriteFolded(
          selection, request.inverted(), context,
          [&](const query::Coverage& coverage) {
            return WriteCoverage(coverage, context.deadline, writer);
          },
          [&](std::string_view data) { return WriteData(data, context.deadline, writer); });
    default:
      return InvalidArgument("`format` is {}: use RENDER_FORMAT_FOLDED or RENDER_FORMAT_SVG",
                             request.format() == v1::RENDER_FORMAT_UNSPECIFIED
                                 ? std::string("not set")
                                 : fmt::format("{}, which this version does not know",
                                               static_cast<int>(request.format())));
  }
}

}  // namespace

QueryService::QueryService(const query::Engine* engine, RunningCalls* running,
                           const QueryServiceOptions& options)
    : engine_(engine),
      running_(running),
      options_(options),
      queries_({.name = "query",
                .threads = options.threads,
                .max_waiting = options.max_queued,
                .metrics = options.metrics}),
      renders_({.name = "render",
                .threads = options.threads,
                .max_waiting = options.max_queued,
                .metrics = options.metrics}) {}

query::Context QueryService::MakeContext(grpc::CallbackServerContext* context) const {
  const absl::Duration callers = absl::FromChrono(context->deadline()) - absl::Now();
  return {.deadline = SteadyNow() + std::min(callers, options_.query_timeout),
          .cancelled = [context] { return context->IsCancelled(); },
          .memory_bytes = options_.memory_bytes,
          .charge = options_.budget == nullptr
                        ? nullptr
                        : std::make_shared<query::MemoryCharge>(options_.budget)};
}

void QueryService::Post(QueryQueue* queue, grpc::CallbackServerContext* context,
                        const query::Context& bounds,
                        absl::AnyInvocable<void(const absl::Status&) &&> run,
                        std::function<absl::StatusOr<bool>()> is_long) {
  queue->Post(ClientOf(context->peer()),
              {.run = std::move(run),
               // What is wrong with a question is quickly said.
               .is_long = [is_long = std::move(is_long)] { return is_long().value_or(false); },
               .is_gone = [bounds] { return !bounds.Check().ok(); }});
}

absl::Status QueryService::CheckUnread() const {
  if (unread_bytes_ <= kUnreadReplies * options_.max_reply_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "too many answers wait to be read by their callers: try again later, or raise "
      "limits.max_reply");
}

void QueryService::Count(std::string_view method, const absl::Status& status, absl::Time begin) {
  const Metrics::Labels labels = {{"method", std::string(method)}};
  Metrics::Labels with_code = labels;
  with_code.emplace_back("code", absl::StatusCodeToString(status.code()));
  options_.metrics
      ->GetCounter("queries_total", Severity::kInfo, "queries that were answered", with_code)
      .Add();
  options_.metrics
      ->GetCounter("query_microseconds_total", Severity::kInfo,
                   "time that queries took, waiting included", labels)
      .Add(static_cast<uint64_t>(
          std::max<int64_t>(0, absl::ToInt64Microseconds(SteadyNow() - begin))));
}

grpc::ServerUnaryReactor* QueryService::FlameGraph(grpc::CallbackServerContext* context,
                                                   const v1::FlameGraphRequest* request,
                                                   v1::FlameGraphResponse* response) {
  const auto options = [](const v1::FlameGraphRequest& asked) {
    return query::FlameGraphOptions{.inverted = asked.inverted(),
                                    .min_share = asked.min_share(),
                                    .max_nodes = asked.max_nodes()};
  };
  return Unary(
      "FlameGraph", context, request, response,
      [engine = engine_, options](const v1::FlameGraphRequest& asked,
                                  const query::Context& bounds) -> absl::StatusOr<bool> {
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(asked.selection()));
        const query::FlameGraphOptions of_graph = options(asked);
        return engine->IsLong(selection, &of_graph, bounds);
      },
      [engine = engine_, options](const v1::FlameGraphRequest& asked, const query::Context& bounds,
                                  v1::FlameGraphResponse* out) -> absl::Status {
        FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(asked.selection()));
        FLAMEKEEP_ASSIGN_OR_RETURN(query::FlameGraph graph,
                                   engine->MakeFlameGraph(selection, options(asked), bounds));
        MoveToProto(std::move(graph), out);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QueryService::Explain(grpc::CallbackServerContext* context,
                                                const v1::ExplainRequest* request,
                                                v1::ExplainResponse* response) {
  return Unary("Explain", context, request, response, NeverLong<v1::ExplainRequest>,
               [engine = engine_](const v1::ExplainRequest& asked, const query::Context& bounds,
                                  v1::ExplainResponse* out) -> absl::Status {
                 FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection,
                                            FromProto(asked.selection()));
                 FLAMEKEEP_ASSIGN_OR_RETURN(const query::Explanation explanation,
                                            engine->Explain(selection, bounds));
                 *out = ToProto(explanation);
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* QueryService::ListSeries(grpc::CallbackServerContext* context,
                                                   const v1::ListSeriesRequest* request,
                                                   v1::ListSeriesResponse* response) {
  return Unary("ListSeries", context, request, response, NeverLong<v1::ListSeriesRequest>,
               [engine = engine_](const v1::ListSeriesRequest& asked, const query::Context&,
                                  v1::ListSeriesResponse* out) -> absl::Status {
                 FLAMEKEEP_ASSIGN_OR_RETURN(std::vector<storage::SeriesKey> found,
                                            engine->ListSeries(asked.selector()));
                 for (storage::SeriesKey& key : found) {
                   v1::ListSeriesResponse::Series* series = out->add_series();
                   series->set_profile_type(std::move(key.profile_type));
                   series->set_site(std::move(key.site));
                   for (auto& [name, value] : key.labels) {
                     v1::Label* label = series->add_labels();
                     label->set_name(std::move(name));
                     label->set_value(std::move(value));
                   }
                 }
                 return absl::OkStatus();
               });
}

grpc::ServerWriteReactor<v1::RenderResponse>* QueryService::Render(
    grpc::CallbackServerContext* context, const v1::RenderRequest* request) {
  auto* writer = new RenderWriter(context, running_, options_.write_stall);
  if (const absl::Status refusal = writer->refusal(); !refusal.ok()) {
    writer->Close(refusal, absl::InfiniteFuture());
    return writer;
  }
  const query::Context bounds = MakeContext(context);
  Post(
      &renders_, context, bounds,
      [this, request, writer, bounds, begin = SteadyNow()](const absl::Status& admitted) {
        absl::Status status = admitted;
        if (status.ok()) status = RenderTo(*engine_, *request, bounds, writer);
        Count("Render", status, begin);
        writer->Close(status, bounds.deadline);
      },
      [this, request, bounds] { return RenderIsLong(*engine_, *request, bounds); });
  return writer;
}

void QueryService::Stop() {
  queries_.Stop();
  renders_.Stop();
}

}  // namespace flamekeep::server
