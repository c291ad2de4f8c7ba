#include "server/grpc/query_service.h"

#include <algorithm>
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

absl::Status RenderSvg(const query::Engine& engine, const query::Selection& selection,
                       const v1::RenderRequest& request, const query::Context& context,
                       RenderWriter* writer) {
  query::SvgOptions svg{.title = request.title()};
  const query::FlameGraphOptions options{
      .inverted = request.inverted(),
      .min_share = request.min_share() > 0 ? request.min_share() : query::SvgMinShare(svg)};
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::FlameGraph graph,
                             engine.MakeFlameGraph(selection, options, context));
  if (svg.title.empty()) svg.title = DefaultTitle(selection, graph.coverage);
  FLAMEKEEP_RETURN_IF_ERROR(WriteCoverage(graph.coverage, context.deadline, writer));
  return WriteData(query::WriteSvg(graph, svg), context.deadline, writer);
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

// A unary call. gRPC keeps the answer until the caller has taken it, so it counts until then.
class QueryService::UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(std::atomic<uint64_t>* unread, RunningCalls* running)
      : unread_(unread), running_(running) {}

  absl::Status refusal() const { return running_.refusal(); }

  // May delete this.
  void End(const absl::Status& status, uint64_t reply_bytes) {
    bytes_ = reply_bytes;
    *unread_ += bytes_;
    Finish(ToGrpc(status));
  }

 private:
  void OnDone() override {
    *unread_ -= bytes_;
    delete this;
  }

  std::atomic<uint64_t>* const unread_;
  const RunningCalls::Call running_;
  uint64_t bytes_ = 0;
};

QueryService::QueryService(const query::Engine* engine, RunningCalls* running,
                           const QueryServiceOptions& options)
    : engine_(engine),
      running_(running),
      options_(options),
      refused_(
          options.metrics->GetCounter("queries_refused_total", Severity::kError,
                                      "queries that were refused because too many were waiting")),
      queries_("query", options.threads, options.max_queued),
      renders_("render", options.threads, options.max_queued) {}

query::Context QueryService::MakeContext(grpc::CallbackServerContext* context) const {
  const absl::Duration callers = absl::FromChrono(context->deadline()) - absl::Now();
  return {.deadline = SteadyNow() + std::min(callers, options_.query_timeout),
          .cancelled = [context] { return context->IsCancelled(); },
          .memory_bytes = options_.memory_bytes};
}

absl::Status QueryService::Refuse() {
  if (stopped_) return RunningCalls::ShuttingDown();
  refused_.Add();
  return Error(absl::StatusCode::kResourceExhausted,
               "{} queries are waiting already: try again later, or raise limits.queued_queries",
               options_.max_queued);
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

template <typename Request, typename Response, typename Answer>
grpc::ServerUnaryReactor* QueryService::Unary(std::string_view method,
                                              grpc::CallbackServerContext* context,
                                              const Request* request, Response* response,
                                              Answer answer) {
  auto* call = new UnaryCall(&unread_bytes_, running_);
  if (const absl::Status refusal = call->refusal(); !refusal.ok()) {
    call->End(refusal, 0);
    return call;
  }
  const bool taken = queries_.TryPost([this, method, request, response, call, answer,
                                       bounds = MakeContext(context), begin = SteadyNow()] {
    absl::Status status = bounds.Check();
    if (status.ok()) status = CheckUnread();
    if (status.ok()) status = answer(*request, bounds, response);
    if (status.ok() && response->ByteSizeLong() > options_.max_reply_bytes) {
      status = Error(absl::StatusCode::kResourceExhausted,
                     "the answer has {} bytes, the limit is {}: ask for fewer boxes (max_nodes, "
                     "min_share)",
                     response->ByteSizeLong(), options_.max_reply_bytes);
    }
    if (!status.ok()) Response().Swap(response);
    Count(method, status, begin);
    call->End(status, response->SpaceUsedLong());
  });
  if (!taken) call->End(Refuse(), 0);
  return call;
}

grpc::ServerUnaryReactor* QueryService::FlameGraph(grpc::CallbackServerContext* context,
                                                   const v1::FlameGraphRequest* request,
                                                   v1::FlameGraphResponse* response) {
  return Unary("FlameGraph", context, request, response,
               [engine = engine_](const v1::FlameGraphRequest& asked, const query::Context& bounds,
                                  v1::FlameGraphResponse* out) -> absl::Status {
                 FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection,
                                            FromProto(asked.selection()));
                 FLAMEKEEP_ASSIGN_OR_RETURN(query::FlameGraph graph,
                                            engine->MakeFlameGraph(selection,
                                                                   {.inverted = asked.inverted(),
                                                                    .min_share = asked.min_share(),
                                                                    .max_nodes = asked.max_nodes()},
                                                                   bounds));
                 MoveToProto(std::move(graph), out);
                 return absl::OkStatus();
               });
}

grpc::ServerUnaryReactor* QueryService::ListSeries(grpc::CallbackServerContext* context,
                                                   const v1::ListSeriesRequest* request,
                                                   v1::ListSeriesResponse* response) {
  return Unary("ListSeries", context, request, response,
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
  const bool taken =
      renders_.TryPost([this, request, writer, bounds = MakeContext(context), begin = SteadyNow()] {
        const absl::Status status = RenderTo(*engine_, *request, bounds, writer);
        Count("Render", status, begin);
        writer->Close(status, bounds.deadline);
      });
  if (!taken) writer->Close(Refuse(), absl::InfiniteFuture());
  return writer;
}

void QueryService::Stop() {
  stopped_ = true;
  queries_.Stop();
  renders_.Stop();
}

}  // namespace flamekeep::server
