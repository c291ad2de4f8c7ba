#include "server/grpc/querier_service.h"

#include <grpcpp/client_context.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/gzip.h"
#include "base/status.h"
#include "server/grpc/caller.h"
#include "server/grpc/convert.h"
#include "server/grpc/querier_convert.h"

namespace flamekeep::server {

namespace {

namespace pyroscope = querier::v1;

constexpr size_t kMaxWaitingAnswers = 1024;
constexpr int64_t kMillisecondsInSecond = 1000;

// Both enumerations are the canonical codes.
absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

std::unique_ptr<grpc::ClientContext> ContextFor(const grpc::CallbackServerContext& context) {
  // With its deadline; and cancelled where it is.
  std::unique_ptr<grpc::ClientContext> out =
      grpc::ClientContext::FromCallbackServerContext(context);
  SetCaller(CallerOf(context), out.get());
  return out;
}

absl::Status Starting() { return absl::UnavailableError("the server is starting: try again"); }

// Ends a call whose question says by itself what the answer is.
grpc::ServerUnaryReactor* EndNow(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

// Reads a file that Render streams.
class FileReader final : public grpc::ClientReadReactor<v1::RenderResponse> {
 public:
  using Done = std::function<void(const absl::Status& status, std::string file)>;

  // Deletes itself after `done`.
  static void Start(std::unique_ptr<grpc::ClientContext> context, v1::RenderRequest request,
                    uint64_t max_bytes, v1::QueryService::Stub* stub, Done done) {
    auto* reader =
        new FileReader(std::move(context), std::move(request), max_bytes, std::move(done));
    stub->async()->Render(reader->context_.get(), &reader->request_, reader);
    reader->StartRead(&reader->response_);
    reader->StartCall();
  }

 private:
  FileReader(std::unique_ptr<grpc::ClientContext> context, v1::RenderRequest request,
             uint64_t max_bytes, Done done)
      : context_(std::move(context)),
        request_(std::move(request)),
        max_bytes_(max_bytes),
        done_(std::move(done)) {}

  void OnReadDone(bool ok) override {
    if (!ok) return;
    file_ += response_.data();
    if (file_.size() > max_bytes_) {
      too_large_ = true;
      context_->TryCancel();
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::Status end = FromGrpc(status);
    if (too_large_) {
      end = Error(absl::StatusCode::kResourceExhausted,
                  "the profile is larger than {} bytes: ask for a shorter range", max_bytes_);
    }
    done_(end, std::move(file_));
    delete this;
  }

  const std::unique_ptr<grpc::ClientContext> context_;
  const v1::RenderRequest request_;
  const uint64_t max_bytes_;
  const Done done_;
  v1::RenderResponse response_;
  std::string file_;
  bool too_large_ = false;
};

}  // namespace

QuerierService::QuerierService(uint64_t max_reply_bytes)
    : max_reply_bytes_(max_reply_bytes), pool_("querier", 1, kMaxWaitingAnswers) {}

void QuerierService::SetChannel(const std::shared_ptr<grpc::Channel>& channel) {
  query_ = v1::QueryService::NewStub(channel);
  admin_ = v1::AdminService::NewStub(channel);
  ready_.Notify();
}

void QuerierService::Post(grpc::ServerUnaryReactor* reactor,
                          absl::AnyInvocable<absl::Status()> turn) {
  const bool taken = pool_.TryPost(
      [reactor, turn = std::move(turn)]() mutable { reactor->Finish(ToGrpc(turn())); });
  if (taken) return;
  reactor->Finish(
      ToGrpc(absl::ResourceExhaustedError("too many answers wait to be turned: try again later")));
}

template <typename Answer, typename Question, typename Call, typename Turn>
grpc::ServerUnaryReactor* QuerierService::Relay(grpc::CallbackServerContext* context,
                                                Question question, Call call, Turn turn) {
  struct State {
    std::unique_ptr<grpc::ClientContext> context;
    Question question;
    Answer answer;
  };
  if (!ready_.HasBeenNotified()) return EndNow(context, Starting());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto state = std::make_shared<State>();
  state->context = ContextFor(*context);
  state->question = std::move(question);
  call(state->context.get(), &state->question, &state->answer,
       [this, state, reactor, turn](const grpc::Status& status) {
         if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
           return reactor->Finish(grpc::Status::OK);
         }
         if (!status.ok()) return reactor->Finish(status);
         Post(reactor, [state, turn] { return turn(state->answer); });
       });
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* QuerierService::RelayList(grpc::CallbackServerContext* context,
                                                    const Request* request, Response* response) {
  return Relay<v1::ListSeriesResponse>(
      context, v1::ListSeriesRequest(),
      [this](const auto&... all) { query_->async()->ListSeries(all...); },
      [request, response](const v1::ListSeriesResponse& list) {
        return FromListed(*request, SeriesFromProto(list), response);
      });
}

grpc::ServerUnaryReactor* QuerierService::ProfileTypes(grpc::CallbackServerContext* context,
                                                       const pyroscope::ProfileTypesRequest*,
                                                       pyroscope::ProfileTypesResponse* response) {
  return Relay<v1::ListProfileTypesResponse>(
      context, v1::ListProfileTypesRequest(),
      [this](const auto&... all) { query_->async()->ListProfileTypes(all...); },
      [response](const v1::ListProfileTypesResponse& types) {
        FromProfileTypes(types, response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QuerierService::LabelNames(grpc::CallbackServerContext* context,
                                                     const pyroscope::LabelNamesRequest* request,
                                                     pyroscope::LabelNamesResponse* response) {
  return RelayList(context, request, response);
}

grpc::ServerUnaryReactor* QuerierService::LabelValues(grpc::CallbackServerContext* context,
                                                      const pyroscope::LabelValuesRequest* request,
                                                      pyroscope::LabelValuesResponse* response) {
  return RelayList(context, request, response);
}

grpc::ServerUnaryReactor* QuerierService::Series(grpc::CallbackServerContext* context,
                                                 const pyroscope::SeriesRequest* request,
                                                 pyroscope::SeriesResponse* response) {
  return RelayList(context, request, response);
}

grpc::ServerUnaryReactor* QuerierService::SelectMergeStacktraces(
    grpc::CallbackServerContext* context, const pyroscope::SelectMergeStacktracesRequest* request,
    pyroscope::SelectMergeStacktracesResponse* response) {
  absl::StatusOr<std::optional<v1::FlameGraphRequest>> question = ToFlameGraph(*request);
  if (!question.ok() || !question->has_value()) return EndNow(context, question.status());
  return Relay<v1::FlameGraphResponse>(
      context, **std::move(question),
      [this](const auto&... all) { query_->async()->FlameGraph(all...); },
      [response](const v1::FlameGraphResponse& graph) {
        if (graph.coverage().total() > 0) FromFlameGraph(graph, response->mutable_flamegraph());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QuerierService::SelectMergeProfile(
    grpc::CallbackServerContext* context, const pyroscope::SelectMergeProfileRequest* request,
    perftools::profiles::Profile* response) {
  absl::StatusOr<std::optional<v1::RenderRequest>> question = ToRender(*request);
  if (!question.ok() || !question->has_value()) return EndNow(context, question.status());
  if (!ready_.HasBeenNotified()) return EndNow(context, Starting());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FileReader::Start(
      ContextFor(*context), **std::move(question), max_reply_bytes_, query_.get(),
      [this, reactor, response](const absl::Status& status, std::string file) {
        if (absl::IsNotFound(status)) return reactor->Finish(grpc::Status::OK);
        if (!status.ok()) return reactor->Finish(ToGrpc(status));
        Post(reactor, [this, response, file = std::move(file)]() -> absl::Status {
          FLAMEKEEP_ASSIGN_OR_RETURN(const std::string bytes, Gunzip(file, max_reply_bytes_));
          if (response->ParseFromString(bytes)) return absl::OkStatus();
          return absl::InternalError("the profile can not be read back: ask for less");
        });
      });
  return reactor;
}

grpc::ServerUnaryReactor* QuerierService::SelectSeries(
    grpc::CallbackServerContext* context, const pyroscope::SelectSeriesRequest* request,
    pyroscope::SelectSeriesResponse* response) {
  absl::StatusOr<std::optional<v1::SeriesRequest>> question = ToSeries(*request);
  if (!question.ok() || !question->has_value()) return EndNow(context, question.status());
  return Relay<v1::SeriesResponse>(
      context, **std::move(question),
      [this](const auto&... all) { query_->async()->Series(all...); },
      [request, response](const v1::SeriesResponse& series) {
        FromSeries(*request, series, response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QuerierService::Diff(grpc::CallbackServerContext* context,
                                               const pyroscope::DiffRequest* request,
                                               pyroscope::DiffResponse* response) {
  absl::StatusOr<std::optional<v1::DiffRequest>> question = ToDiff(*request);
  if (!question.ok() || !question->has_value()) return EndNow(context, question.status());
  return Relay<v1::DiffResponse>(
      context, **std::move(question), [this](const auto&... all) { query_->async()->Diff(all...); },
      [response](const v1::DiffResponse& diff) {
        FromDiff(diff, response->mutable_flamegraph());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QuerierService::GetProfileStats(
    grpc::CallbackServerContext* context, const pyroscope::GetProfileStatsRequest*,
    pyroscope::GetProfileStatsResponse* response) {
  return Relay<v1::StoreStatsResponse>(
      context, v1::StoreStatsRequest(),
      [this](const auto&... all) { admin_->async()->StoreStats(all...); },
      [response](const v1::StoreStatsResponse& stats) {
        for (const auto& site : stats.sites()) {
          for (const auto& level : site.levels()) {
            if (!level.has_oldest()) continue;
            const int64_t oldest = level.oldest().seconds() * kMillisecondsInSecond;
            if (!response->data_ingested() || oldest < response->oldest_profile_time()) {
              response->set_oldest_profile_time(oldest);
            }
            response->set_data_ingested(true);
          }
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* QuerierService::SelectMergeSpanProfile(
    grpc::CallbackServerContext* context, const pyroscope::SelectMergeSpanProfileRequest*,
    pyroscope::SelectMergeSpanProfileResponse*) {
  return EndNow(context, absl::UnimplementedError(
                             "samples are not stored by span: use SelectMergeStacktraces"));
}

grpc::ServerUnaryReactor* QuerierService::SelectHeatmap(grpc::CallbackServerContext* context,
                                                        const pyroscope::SelectHeatmapRequest*,
                                                        pyroscope::SelectHeatmapResponse*) {
  return EndNow(context,
                absl::UnimplementedError("single profiles are not stored: use SelectSeries, or "
                                         "flamekeep.v1.QueryService/HeatMap"));
}

grpc::ServerUnaryReactor* QuerierService::AnalyzeQuery(grpc::CallbackServerContext* context,
                                                       const pyroscope::AnalyzeQueryRequest*,
                                                       pyroscope::AnalyzeQueryResponse*) {
  return EndNow(context, absl::UnimplementedError(
                             "what a query takes is told by flamekeep.v1.QueryService/Explain"));
}

}  // namespace flamekeep::server
