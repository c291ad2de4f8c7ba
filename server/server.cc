#include "server/server.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "flamekeep/version.h"
#include "ingest/foreign_push.h"
#include "ingest/interner.h"
#include "ingest/label_salts.h"
#include "ingest/pipeline.h"
#include "ingest/push.h"
#include "ingest/redis_label_salts.h"
#include "ingest/redis_source.h"
#include "ingest/redis_stream_source.h"
#include "query/engine.h"
#include "query/memory_budget.h"
#include "query/result_cache.h"
#include "server/arclamp/pages.h"
#include "server/backups.h"
#include "server/grpc/grpc_server.h"
#include "server/health.h"
#include "server/http/api_routes.h"
#include "server/http/endpoints.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"
#include "server/http/web_files.h"
#include "server/http/web_page.h"
#include "server/notify.h"
#include "storage/store.h"

namespace flamekeep::server {

namespace {

constexpr absl::Duration kHealthInterval = absl::Seconds(1);
constexpr absl::Duration kHttpGrace = absl::Seconds(1);
constexpr std::string_view kOff = "off";

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

}  // namespace

// Members are in the order in which they are started.
struct Server::Impl {
  explicit Impl(const ServerConfig& from)
      : config(from),
        node(from.node.empty() ? HostName() : from.node),
        endpoints(&metrics, &health),
        arclamp(from.arclamp, from.profile_types, &calls) {}
  ~Impl() {
    const absl::Status status = Drain();
    if (!status.ok()) spdlog::error("{}", Message(status));
  }

  absl::Status Start() {
    FLAMEKEEP_RETURN_IF_ERROR(CheckConfig(config));
    if (!config.ready_file.empty()) std::remove(config.ready_file.c_str());
    FLAMEKEEP_RETURN_IF_ERROR(StartHttp());
    FLAMEKEEP_RETURN_IF_ERROR(StartSalts());
    FLAMEKEEP_RETURN_IF_ERROR(OpenStore());
    FLAMEKEEP_RETURN_IF_ERROR(StartGrpc());
    FLAMEKEEP_RETURN_IF_ERROR(StartSources());
    watcher = std::thread([this] { Watch(); });
    health.SetPhase(Phase::kServing);
    if (config.ready_file.empty()) return absl::OkStatus();
    return WriteReadyFile(config.ready_file, grpc_address, http_address);
  }

  absl::Status StartHttp() {
    if (config.http == kOff) return absl::OkStatus();
    const LimitsConfig& limits = config.limits;
    std::vector<HttpRoute> routes = endpoints.Routes();
    for (HttpRoute& route : ApiRoutes(&calls, {.max_body_bytes = limits.max_message_bytes})) {
      routes.push_back(std::move(route));
    }
    for (HttpRoute& route : WebPageRoutes(WebFiles())) routes.push_back(std::move(route));
    for (HttpRoute& route : arclamp.Routes()) routes.push_back(std::move(route));
    FLAMEKEEP_ASSIGN_OR_RETURN(http,
                               HttpServer::Start({.address = config.http,
                                                  .metrics = &metrics,
                                                  .max_connections = limits.max_http_connections,
                                                  .max_header_bytes = limits.http_header_bytes,
                                                  .max_held_bytes = limits.http_memory_bytes},
                                                 std::move(routes)));
    http_address = http->address();
    return absl::OkStatus();
  }

  absl::Status StartSalts() {
    const LabelSaltsConfig& from = config.label_salts;
    salts = std::make_unique<ingest::LabelSalts>(
        ingest::LabelSaltOptions{
            .rotate = from.rotate, .keep = from.keep, .shared = from.redis.has_value()},
        &metrics);
    if (!from.redis) return absl::OkStatus();
    FLAMEKEEP_ASSIGN_OR_RETURN(
        shared_salts,
        ingest::RedisLabelSalts::Start(
            {.address = *from.redis, .password_file = from.password_file}, salts.get(), &metrics));
    return absl::OkStatus();
  }

  absl::Status OpenStore() {
    storage::StoreOptions options = MakeStoreOptions(config);
    options.metrics = &metrics;
    options.open_unwritable = true;
    FLAMEKEEP_ASSIGN_OR_RETURN(store, storage::Store::Open(std::move(options)));
    health.SetWriteStatus(store->Status().write_status);
    endpoints.SetStore(store.get());
    arclamp.SetStore(store.get());
    interner = std::make_unique<ingest::StoreInterner>(store.get());
    FLAMEKEEP_ASSIGN_OR_RETURN(ingest::Rules rules, ingest::Rules::Make(config.rules));
    foreign.site = config.push.site;
    foreign.site_label = config.push.site_label;
    ingest::PipelineOptions decoding{.rules = std::move(rules),
                                     .profile_types = config.profile_types,
                                     .salts = salts.get(),
                                     .metrics = &metrics,
                                     .limits = config.limits.series};
    FLAMEKEEP_ASSIGN_OR_RETURN(decoding.push_relabel, MakePushRelabel(config));
    uint64_t label_sets = decoding.limits.series;
    for (const SiteConfig& site : config.sites) {
      if (!site.limits) continue;
      decoding.site_limits.emplace(site.name, *site.limits);
      label_sets += site.limits->series;
    }
    decoding.caches.label_sets = static_cast<uint32_t>(
        std::clamp<uint64_t>(label_sets, ingest::kMaxLabelSets, ingest::kMostLabelSets));
    FLAMEKEEP_ASSIGN_OR_RETURN(pipeline,
                               ingest::Pipeline::Make(interner.get(), std::move(decoding)));
    hub = std::make_unique<ingest::PushHub>(store.get(), pipeline.get(),
                                            ingest::PushOptions{.bounds = config.push.bounds});
    query_budget = std::make_unique<query::MemoryBudget>(
        config.limits.all_queries_memory_bytes,
        &metrics.GetGauge("query_memory_bytes",
                          "memory of the queries that run and of the answers that are kept"));
    query_cache = std::make_unique<query::ResultCache>(
        query::ResultCache::Options{.max_bytes = config.limits.query_cache_bytes,
                                    .budget = query_budget.get(),
                                    .metrics = &metrics});
    engine = std::make_unique<query::Engine>(store.get(), query_cache.get());
    backups = std::make_unique<Backups>(config.backup_directory, store.get(), &metrics);
    return absl::OkStatus();
  }

  absl::Status StartGrpc() {
    const LimitsConfig& limits = config.limits;
    // Where it is off, HTTP still needs its services.
    const GrpcOptions options{.address = config.grpc == kOff ? "" : config.grpc,
                              .max_message_bytes = limits.max_message_bytes,
                              .memory_bytes = limits.rpc_memory_bytes,
                              .max_streams_per_connection = limits.max_streams_per_connection,
                              .decode_threads = limits.decode_threads,
                              .foreign = foreign,
                              .query = {.threads = limits.query_threads,
                                        .max_queued = limits.max_queued_queries,
                                        .query_timeout = limits.query_timeout,
                                        .memory_bytes = limits.query_memory_bytes,
                                        .budget = query_budget.get(),
                                        .max_reply_bytes = limits.max_reply_bytes,
                                        .metrics = &metrics}};
    const GrpcParts parts{.store = store.get(),
                          .hub = hub.get(),
                          .engine = engine.get(),
                          .backups = backups.get(),
                          .metrics = &metrics,
                          .status = {.node = node,
                                     .directory = config.data,
                                     .started = started,
                                     .store = store.get(),
                                     .metrics = &metrics,
                                     .redis = [this] { return RedisStatuses(); }}};
    FLAMEKEEP_ASSIGN_OR_RETURN(grpc, GrpcServer::Start(options, parts));
    grpc_address = grpc->address();
    calls.SetChannel(grpc->LocalChannel());
    return absl::OkStatus();
  }

  absl::Status StartSources() {
    absl::MutexLock lock(&sources_mutex);
    for (const SiteConfig& site : config.sites) {
      for (const RedisServerConfig& redis : site.redis) {
        FLAMEKEEP_RETURN_IF_ERROR(StartRedis(site, redis));
      }
    }
    std::vector<storage::LiveSource> live;
    const auto add = [&live](const auto& from) {
      for (const auto& source : from) {
        for (storage::LiveSource& one : source->live()) live.push_back(std::move(one));
      }
    };
    add(channels);
    add(streams);
    store->SetLiveSources(std::move(live));
    return absl::OkStatus();
  }

  absl::Status StartRedis(const SiteConfig& site, const RedisServerConfig& redis)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(sources_mutex) {
    FLAMEKEEP_ASSIGN_OR_RETURN(ingest::Relabel relabel, MakeSiteRelabel(config, site));
    const ingest::RedisSourceOptions options{
        .site = site.name,
        .address = redis.address,
        .password_file = redis.password_file,
        .channels = site.channels,
        .streams = site.streams,
        .name_suffix = site.redis.size() == 1 ? "" : "@" + redis.address.Display(),
        .relabel = std::move(relabel),
        .node = node,
        .queue_bytes = config.limits.queue_bytes};
    if (!site.channels.empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<ingest::RedisSource> source,
                                 ingest::RedisSource::Start(options, pipeline.get(), store.get()));
      channels.push_back(std::move(source));
    }
    if (!site.streams.empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(
          std::unique_ptr<ingest::RedisStreamSource> source,
          ingest::RedisStreamSource::Start(options, pipeline.get(), store.get()));
      streams.push_back(std::move(source));
    }
    return absl::OkStatus();
  }

  std::vector<ingest::RedisStatus> RedisStatuses() {
    std::vector<ingest::RedisStatus> all;
    const auto add = [&all](const auto& from) {
      for (const auto& source : from) {
        for (ingest::RedisStatus& one : source->Status()) all.push_back(std::move(one));
      }
    };
    absl::MutexLock lock(&sources_mutex);
    add(channels);
    add(streams);
    return all;
  }

  // Tells the health services when the store stops or starts to take writes.
  void Watch() {
    while (!stop_watching.WaitForNotificationWithTimeout(kHealthInterval)) {
      const absl::Status status = store->Status().write_status;
      if (status.ok() != writable) {
        writable = status.ok();
        if (writable) {
          spdlog::info("the store can write again");
        } else {
          spdlog::error("the store can not write, and tries until it can: {}", Message(status));
        }
        if (grpc != nullptr) grpc->SetIngestHealthy(writable);
      }
      health.SetWriteStatus(status);
      salts->Tick();
    }
  }

  // Each source may wait for the store: all at once.
  void StopSources() {
    std::vector<std::thread> threads;
    absl::MutexLock lock(&sources_mutex);
    const auto stop = [&threads](const auto& all) {
      for (const auto& source : all) {
        threads.emplace_back([source = source.get()] { source->Stop(); });
      }
    };
    stop(channels);
    stop(streams);
    for (std::thread& thread : threads) thread.join();
  }

  // Waits until all that was accepted is durable.
  absl::Status FlushUntil(absl::Time deadline) {
    // An empty batch is accepted at the end of all others.
    absl::StatusOr<storage::Ticket> end = store->Append({});
    absl::Status status = end.ok() ? store->WaitDurable(*end, deadline) : end.status();
    if (status.ok()) return status;
    return Error(absl::StatusCode::kDeadlineExceeded,
                 "some samples that were received, and not acknowledged, could not be written: {}",
                 Message(status));
  }

  absl::Status Drain() {
    if (drained) return absl::OkStatus();
    drained = true;
    const absl::Time deadline = SteadyNow() + config.limits.drain_timeout;
    health.SetPhase(Phase::kDraining);
    absl::Status status;
    StopSources();
    if (store != nullptr) store->BeginClosing();
    if (grpc != nullptr && !grpc->Shutdown(deadline)) {
      status = absl::DeadlineExceededError(
          "some calls did not end within limits.drain_timeout and were cut off");
    }
    if (watcher.joinable()) {
      stop_watching.Notify();
      watcher.join();
    }
    if (store != nullptr) {
      if (const absl::Status flushed = FlushUntil(deadline); !flushed.ok()) status = flushed;
      endpoints.SetStore(nullptr);
      arclamp.SetStore(nullptr);
    }
    {
      absl::MutexLock lock(&sources_mutex);
      channels.clear();
      streams.clear();
    }
    calls.SetChannel(nullptr);
    grpc.reset();
    engine.reset();
    query_cache.reset();
    query_budget.reset();
    hub.reset();
    pipeline.reset();
    interner.reset();
    shared_salts.reset();
    salts.reset();
    store.reset();
    if (http != nullptr) http->Stop(kHttpGrace);
    if (!config.ready_file.empty()) std::remove(config.ready_file.c_str());
    return status;
  }

  const ServerConfig config;
  const std::string node;
  const absl::Time started = absl::Now();
  Metrics metrics;
  Health health;
  Endpoints endpoints;
  LocalCalls calls;
  ArcLampPages arclamp;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<ingest::LabelSalts> salts;
  std::unique_ptr<ingest::RedisLabelSalts> shared_salts;  // null: there is no Redis server for them
  std::unique_ptr<ingest::StoreInterner> interner;
  std::unique_ptr<ingest::Pipeline> pipeline;
  ingest::ForeignOptions foreign;
  std::unique_ptr<ingest::PushHub> hub;
  std::unique_ptr<query::MemoryBudget> query_budget;
  std::unique_ptr<query::ResultCache> query_cache;
  std::unique_ptr<query::Engine> engine;
  std::unique_ptr<Backups> backups;
  std::unique_ptr<GrpcServer> grpc;
  absl::Mutex sources_mutex;
  std::vector<std::unique_ptr<ingest::RedisSource>> channels ABSL_GUARDED_BY(sources_mutex);
  std::vector<std::unique_ptr<ingest::RedisStreamSource>> streams ABSL_GUARDED_BY(sources_mutex);
  std::string grpc_address;
  std::string http_address;
  absl::Notification stop_watching;
  std::thread watcher;
  bool writable = true;  // the watcher's
  bool drained = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config) {
  auto impl = std::make_unique<Impl>(config);
  FLAMEKEEP_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::grpc_address() const { return impl_->grpc_address; }
const std::string& Server::http_address() const { return impl_->http_address; }

absl::Status Server::Drain() { return impl_->Drain(); }

}  // namespace flamekeep::server
