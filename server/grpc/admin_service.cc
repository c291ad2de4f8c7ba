#include "server/grpc/admin_service.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "flamekeep/version.h"
#include "server/grpc/blocking_writer.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_admin.h"
#include "storage/deletion.h"
#include "storage/registry.h"
#include "storage/store_stats.h"

namespace flamekeep::server {

namespace {

constexpr size_t kMaxQueued = 16;
// A caller that takes no word of a backup for so long is gone.
constexpr absl::Duration kBackupStall = absl::Seconds(30);
constexpr absl::Duration kBackupProgressInterval = absl::Milliseconds(250);
// An import of Arc Lamp's files makes a source for each file.
constexpr int kMaxStoredSources = 1000;

v1::SourceStatus::Kind KindToProto(storage::SourceKind kind) {
  switch (kind) {
    case storage::SourceKind::kPubSub:
      return v1::SourceStatus::KIND_PUBSUB;
    case storage::SourceKind::kStream:
      return v1::SourceStatus::KIND_STREAM;
    case storage::SourceKind::kPush:
      return v1::SourceStatus::KIND_PUSH;
    case storage::SourceKind::kImport:
      return v1::SourceStatus::KIND_IMPORT;
  }
  return v1::SourceStatus::KIND_UNSPECIFIED;
}

v1::CounterStatus::Severity SeverityToProto(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return v1::CounterStatus::SEVERITY_INFO;
    case Severity::kLoss:
      return v1::CounterStatus::SEVERITY_LOSS;
    case Severity::kError:
      return v1::CounterStatus::SEVERITY_ERROR;
  }
  return v1::CounterStatus::SEVERITY_UNSPECIFIED;
}

// Worst first. The values of the enumeration are in another order.
int Rank(Severity severity) {
  switch (severity) {
    case Severity::kLoss:
      return 0;
    case Severity::kError:
      return 1;
    case Severity::kInfo:
      break;
  }
  return 2;
}

void FillStore(const StatusParts& parts, v1::StoreStatus* out) {
  const storage::StoreStatus status = parts.store->Status();
  out->set_directory(parts.directory);
  out->set_bytes(status.directory_bytes);
  out->set_dictionary_bytes(status.dictionary_bytes);
  out->set_frames(status.dictionary.frames);
  out->set_stacks(status.dictionary.stacks);
  out->set_series(status.series);
  out->set_last_flush(status.last_flush);
  out->set_pending_bytes(status.head_bytes);
  out->set_write_error(Message(status.write_status));
  for (const storage::LevelStatus& level : status.levels) {
    v1::StoreStatus::LevelSize* size = out->add_levels();
    size->set_level(ToProto(level.level));
    size->set_bytes(level.bytes);
    size->set_stale_buckets(level.stale);
  }
  out->set_deleting(status.deleting);
  if (status.cap.max_bytes == 0) return;
  v1::SizeCap* cap = out->mutable_cap();
  cap->set_max_bytes(status.cap.max_bytes);
  cap->set_live_bytes(status.cap.live_bytes);
  cap->set_leaving_bytes(status.cap.leaving_bytes);
  cap->set_unmet_bytes(status.cap.unmet_bytes);
  for (const storage::CapStatus::Removed& removed : status.cap.removed) {
    v1::SizeCap::Removed* row = cap->add_removed();
    row->set_site(removed.site);
    row->set_level(ToProto(removed.level));
    *row->mutable_before() = ToProto(removed.before);
  }
}

// The sources of the store that are configured: kind, site and name.
using Configured = std::set<std::tuple<storage::SourceKind, std::string, std::string>>;

Configured FillRedis(std::vector<ingest::RedisStatus> redis, v1::StatusResponse* out) {
  Configured configured;
  for (ingest::RedisStatus& from : redis) {
    configured.emplace(from.kind, from.site, std::move(from.source_name));
    v1::SourceStatus* source = out->add_sources();
    source->set_kind(KindToProto(from.kind));
    source->set_name(std::move(from.name));
    source->set_site(std::move(from.site));
    source->set_address(std::move(from.address));
    source->set_configured(true);
    source->set_connected(from.connected);
    if (from.since != absl::InfinitePast()) *source->mutable_since() = ToProto(from.since);
    if (from.last_message != absl::InfinitePast()) {
      *source->mutable_last_message() = ToProto(from.last_message);
    }
    source->set_last_error(std::move(from.last_error));
    source->set_messages(from.messages);
    source->set_queued(from.queued);
    if (from.kind != storage::SourceKind::kStream) continue;
    source->set_position(std::move(from.position));
    source->set_lag_seconds(absl::ToDoubleSeconds(from.lag));
    source->set_lost(from.lost);
  }
  return configured;
}

// Sources that the store knows and no configured one stands for.
void FillStored(const StatusParts& parts, const Configured& configured, v1::StatusResponse* out) {
  std::vector<storage::SourceStatus> stored = parts.store->Sources();
  std::erase_if(stored, [&](const storage::SourceStatus& source) {
    return source.key.name.empty() ||
           configured.contains({source.key.kind, source.key.site, source.key.name});
  });
  std::sort(stored.begin(), stored.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key.kind, a.key.site, a.key.name, a.key.node) <
           std::tie(b.key.kind, b.key.site, b.key.name, b.key.node);
  });
  int left = kMaxStoredSources;
  for (storage::SourceStatus& from : stored) {
    if (left-- <= 0) break;
    v1::SourceStatus* source = out->add_sources();
    source->set_kind(KindToProto(from.key.kind));
    source->set_name(std::move(from.key.name));
    source->set_site(std::move(from.key.site));
    source->set_position_number(from.position.number);
  }
  if (stored.size() > kMaxStoredSources) {
    out->set_sources_left_out(stored.size() - kMaxStoredSources);
  }
}

void FillCounters(const Metrics& metrics, v1::StatusResponse* out) {
  std::vector<Metrics::Row> rows = metrics.Rows();
  std::sort(rows.begin(), rows.end(), [](const Metrics::Row& a, const Metrics::Row& b) {
    const int rank_a = Rank(a.severity);
    const int rank_b = Rank(b.severity);
    return std::tie(rank_a, a.name, a.labels) < std::tie(rank_b, b.name, b.labels);
  });
  for (Metrics::Row& row : rows) {
    v1::CounterStatus* counter = out->add_counters();
    counter->set_name(std::move(row.name));
    for (auto& [name, value] : row.labels) {
      v1::Label* label = counter->add_labels();
      label->set_name(std::move(name));
      label->set_value(std::move(value));
    }
    counter->set_severity(SeverityToProto(row.severity));
    counter->set_description(std::move(row.sentence));
    counter->set_value(row.value);
  }
}

}  // namespace

v1::StatusResponse MakeStatus(const StatusParts& parts) {
  v1::StatusResponse out;
  out.set_version(std::string(kVersion));
  out.set_node(parts.node);
  *out.mutable_started() = ToProto(parts.started);
  FillStore(parts, out.mutable_store());
  FillStored(parts, FillRedis(parts.redis(), &out), &out);
  FillCounters(*parts.metrics, &out);
  for (std::string& site : parts.store->Sites()) out.add_sites(std::move(site));
  std::set<std::string> types;
  for (storage::SeriesKey& series : parts.store->Series()) {
    if (!series.profile_type.empty()) types.insert(std::move(series.profile_type));
  }
  for (const std::string& type : types) out.add_profile_types(type);
  return out;
}

// A unary call, from its begin until gRPC has let go of it.
class AdminService::UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  explicit UnaryCall(RunningCalls* running) : running_(running) {}

  absl::Status refusal() const { return running_.refusal(); }

 private:
  void OnDone() override { delete this; }

  const RunningCalls::Call running_;
};

AdminService::AdminService(StatusParts parts, storage::Store* store, const query::Engine* engine,
                           Backups* backups, RunningCalls* running)
    : parts_(std::move(parts)),
      store_(store),
      engine_(engine),
      backups_(backups),
      running_(running),
      refused_(parts_.metrics->GetCounter(
          "status_calls_refused_total", Severity::kError,
          "calls for the status, for statistics, deletions and backups that "
          "were refused because too many were waiting")),
      pool_("admin", 1, kMaxQueued),
      deletions_("delete", 1, kMaxQueued),
      backup_pool_("backup", 2, kMaxQueued) {}

grpc::ServerUnaryReactor* AdminService::Post(WorkerPool* pool,
                                             absl::AnyInvocable<absl::Status()> call) {
  auto* reactor = new UnaryCall(running_);
  if (const absl::Status refusal = reactor->refusal(); !refusal.ok()) {
    reactor->Finish(ToGrpc(refusal));
    return reactor;
  }
  const bool taken = pool->TryPost(
      [reactor, call = std::move(call)]() mutable { reactor->Finish(ToGrpc(call())); });
  if (!taken) {
    refused_.Add();
    reactor->Finish(
        ToGrpc(absl::ResourceExhaustedError("many such calls wait already: try again later")));
  }
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::Status(grpc::CallbackServerContext*,
                                               const v1::StatusRequest*,
                                               v1::StatusResponse* response) {
  return Post(&pool_, [this, response] {
    *response = MakeStatus(parts_);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::StoreStats(grpc::CallbackServerContext*,
                                                   const v1::StoreStatsRequest*,
                                                   v1::StoreStatsResponse* response) {
  return Post(&pool_, [this, response]() -> absl::Status {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::StoreStats stats, store_->Stats());
    *response = ToProto(stats);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::Delete(grpc::CallbackServerContext* context,
                                               const v1::DeleteRequest* request,
                                               v1::DeleteResponse* response) {
  return Post(&deletions_, [this, context, request, response] {
    return DeleteNow(*request, [context] { return context->IsCancelled(); }, response);
  });
}

absl::Status AdminService::DeleteNow(const v1::DeleteRequest& request,
                                     const std::function<bool()>& cancelled,
                                     v1::DeleteResponse* response) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
  if (!selection.filter.empty()) {
    return absl::InvalidArgumentError(
        "`selection.filter` is set: only all stacks of the selected series can be deleted");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(std::vector<storage::SeriesId> series,
                             engine_->FindSeries(selection.selector));
  // Asked before anything goes: it may fail.
  std::vector<storage::BackupInfo> backups;
  if (!backups_->directory().empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(backups, backups_->List());
  }
  storage::DeletionResult result;
  if (request.dry_run()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(
        result.amount,
        store_->MeasureDeletion(selection.begin, selection.end, std::move(series), cancelled));
  } else if (backups_->making()) {
    return Error(absl::StatusCode::kAborted,
                 "a backup is being made, which would hold the data: delete when it is done");
  } else {
    FLAMEKEEP_ASSIGN_OR_RETURN(
        result, store_->Delete(selection.begin, selection.end, std::move(series), cancelled));
  }
  *response->mutable_range()->mutable_begin() = ToProto(selection.begin);
  *response->mutable_range()->mutable_end() = ToProto(selection.end);
  response->set_series(result.amount.series);
  response->set_columns(result.amount.columns);
  response->set_samples(result.amount.samples);
  response->set_names_blanked(result.names_blanked);
  for (const storage::BackupInfo& backup : backups) {
    // What was made before the range began can not hold any of it, unless it came from the future.
    if (!backup.fault.empty() || backup.made > selection.begin) {
      *response->add_backups() = ToProto(backup);
    }
  }
  return absl::OkStatus();
}

grpc::ServerWriteReactor<v1::CreateBackupResponse>* AdminService::CreateBackup(
    grpc::CallbackServerContext* context, const v1::CreateBackupRequest*) {
  auto* writer = new BlockingWriter<v1::CreateBackupResponse>(context, running_, kBackupStall);
  if (const absl::Status refusal = writer->refusal(); !refusal.ok()) {
    writer->Close(refusal, absl::InfiniteFuture());
    return writer;
  }
  const bool taken = backup_pool_.TryPost([this, context, writer] {
    absl::Time told = SteadyNow();
    const absl::StatusOr<storage::BackupInfo> made = backups_->Create([&](uint64_t bytes) {
      if (context->IsCancelled()) return false;
      if (SteadyNow() - told < kBackupProgressInterval) return true;
      told = SteadyNow();
      v1::CreateBackupResponse response;
      response.set_bytes(bytes);
      return writer->Write(std::move(response), told + kBackupStall).ok();
    });
    absl::Status status = made.status();
    if (made.ok()) {
      v1::CreateBackupResponse response;
      response.set_bytes(made->bytes);
      *response.mutable_backup() = ToProto(*made);
      response.set_directory(backups_->directory());
      status = writer->Write(std::move(response), SteadyNow() + kBackupStall);
    }
    writer->Close(status, SteadyNow() + kBackupStall);
  });
  if (!taken) {
    refused_.Add();
    writer->Close(absl::ResourceExhaustedError("many backups wait already: try again later"),
                  absl::InfiniteFuture());
  }
  return writer;
}

grpc::ServerUnaryReactor* AdminService::ListBackups(grpc::CallbackServerContext*,
                                                    const v1::ListBackupsRequest*,
                                                    v1::ListBackupsResponse* response) {
  return Post(&backup_pool_, [this, response]() -> absl::Status {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<storage::BackupInfo> list, backups_->List());
    response->set_directory(backups_->directory());
    for (const storage::BackupInfo& backup : list) *response->add_backups() = ToProto(backup);
    return absl::OkStatus();
  });
}

}  // namespace flamekeep::server
