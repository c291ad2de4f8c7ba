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
#include "server/grpc/caller.h"
#include "server/grpc/convert.h"
#include "server/grpc/export_stream.h"
#include "server/grpc/query_unary.h"
#include "server/grpc/render.h"
#include "storage/registry.h"

namespace flamekeep::server {

namespace {

// How many of the largest answers may wait to be read before further queries are refused.
constexpr uint64_t kUnreadReplies = 2;

}  // namespace

// A call of Export. Shared by the steps that are posted, one at a time.
class QueryService::ExportCall final : public std::enable_shared_from_this<ExportCall> {
 public:
  ExportCall(QueryService* service, grpc::CallbackServerContext* context,
             const v1::ExportRequest* request, ExportWriter* writer)
      : service_(*service), context_(context), writer_(writer), stream_(request, writer) {}

  void PostStep() {
    service_.Post(
        // Whatever its turn takes to come.
        &service_.exports_, context_,
        {.cancelled = [context = context_] { return context->IsCancelled(); }},
        [self = shared_from_this()](const absl::Status& admitted) { self->Run(admitted); },
        [] { return true; });
  }

 private:
  void Run(const absl::Status& admitted) {
    absl::Status status = admitted;
    if (status.ok()) {
      status = stream_.Step(*service_.engine_, [this] { return service_.MakeContext(context_); });
    }
    if (status.ok() && !stream_.done()) {
      // Where the server shuts down, the caller goes on with its last cursor later.
      status = writer_->refusal();
      if (status.ok()) return PostStep();
    }
    service_.Count("Export", status, begin_);
    writer_->Close(status, absl::InfiniteFuture());
  }

  QueryService& service_;
  grpc::CallbackServerContext* const context_;
  ExportWriter* const writer_;
  ExportStream stream_;
  const absl::Time begin_ = SteadyNow();
};

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
                .metrics = options.metrics}),
      exports_({.name = "export",
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
  queue->Post(CallerOf(*context),
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

grpc::ServerWriteReactor<v1::ExportResponse>* QueryService::Export(
    grpc::CallbackServerContext* context, const v1::ExportRequest* request) {
  auto* writer = new ExportWriter(context, running_, options_.write_stall);
  if (const absl::Status refusal = writer->refusal(); !refusal.ok()) {
    writer->Close(refusal, absl::InfiniteFuture());
    return writer;
  }
  std::make_shared<ExportCall>(this, context, request, writer)->PostStep();
  return writer;
}

void QueryService::Stop() {
  queries_.Stop();
  renders_.Stop();
  exports_.Stop();
}

}  // namespace flamekeep::server
