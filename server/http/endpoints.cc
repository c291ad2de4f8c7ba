#include "server/http/endpoints.h"

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "flamekeep/version.h"
#include "server/http/prometheus_text.h"
#include "server/process_info.h"
#include "storage/bucket.h"

namespace flamekeep::server {

namespace {

Metrics::Row GaugeRow(std::string_view name, std::string_view sentence, double value,
                      Metrics::Labels labels = {}) {
  return {.name = std::string(name),
          .labels = std::move(labels),
          .severity = Severity::kInfo,
          .sentence = std::string(sentence),
          .is_counter = false,
          .value = value};
}

// A forecast of years need not be younger.
constexpr absl::Duration kStatsAge = absl::Minutes(1);

}  // namespace

std::vector<Metrics::Row> StoreRows(const storage::StoreStatus& status) {
  std::vector<Metrics::Row> rows;
  const auto add = [&rows](std::string_view name, std::string_view sentence, auto value) {
    rows.push_back(GaugeRow(name, sentence, static_cast<double>(value)));
  };
  const auto level_labels = [](const storage::LevelStatus& level) -> Metrics::Labels {
    return {{"level", std::string(storage::LevelName(level.level))}};
  };
  add("store_bytes", "bytes of all files of the store", status.directory_bytes);
  add("store_deleting", "1 while a deletion is not through", status.deleting ? 1 : 0);
  add("store_dictionary_bytes", "bytes of the dictionary's files", status.dictionary_bytes);
  add("store_dictionary_memory_bytes", "memory of the dictionary, mapped files apart",
      status.dictionary.memory_bytes);
  add("store_frames", "distinct frames", status.dictionary.frames);
  add("store_flushes", "number of the last flush", status.last_flush);
  for (const storage::LevelStatus& level : status.levels) {
    rows.push_back(GaugeRow("store_level_bytes", "bytes of a level's columns",
                            static_cast<double>(level.bytes), level_labels(level)));
  }
  add("store_pending_bytes", "bytes that were accepted and are not durable yet", status.head_bytes);
  add("store_series", "series", status.series);
  add("store_stacks", "distinct stacks, inner nodes of the tree included",
      status.dictionary.stacks);
  for (const storage::LevelStatus& level : status.levels) {
    rows.push_back(GaugeRow("store_stale_buckets", "buckets that wait for rollup",
                            static_cast<double>(level.stale), level_labels(level)));
  }
  if (status.cap.max_bytes != 0) {
    add("store_max_bytes", "what max_bytes allows the store", status.cap.max_bytes);
    add("store_cap_unmet_bytes",
        "bytes of the store beyond max_bytes with nothing left that may be given up",
        status.cap.unmet_bytes);
  }
  add("store_writable", "1 while the store can write", status.write_status.ok() ? 1 : 0);
  return rows;
}

std::vector<Metrics::Row> ForecastRows(const storage::Forecast& forecast) {
  const Metrics::Labels limit = {{"limit", forecast.limit_is_cap ? "max_bytes" : "disk"}};
  const double seconds = forecast.to_limit.has_value() ? absl::ToDoubleSeconds(*forecast.to_limit)
                                                       : std::numeric_limits<double>::infinity();
  return {GaugeRow("store_growth_bytes_per_day", "by how much the store grows in a day",
                   forecast.bytes_per_day),
          GaugeRow("store_limit_bytes", "max_bytes, or what is used and free on the disk",
                   static_cast<double>(forecast.limit_bytes), limit),
          GaugeRow("store_seconds_to_full",
                   "until the store reaches its limit as it grows now; +Inf: not in ten years; 0 "
                   "while it can not write",
                   seconds, limit)};
}

HttpResponse Endpoints::Ready() const {
  const absl::Status ready = health_->Ready();
  if (ready.ok()) return {.body = "ready\n"};
  return {.status = 503, .body = Message(ready) + "\n"};
}

HttpResponse Endpoints::MetricsPage() const {
  std::vector<Metrics::Row> rows = metrics_->Rows();
  rows.push_back(GaugeRow("build_info", "1, with the version of the server", 1,
                          {{"version", std::string(kVersion)}}));
  rows.push_back(GaugeRow("ready", "1 while samples are taken in", health_->Ready().ok() ? 1 : 0));
  {
    absl::MutexLock lock(&mutex_);
    if (store_ != nullptr) {
      const storage::StoreStatus status = store_->Status();
      for (Metrics::Row& row : StoreRows(status)) rows.push_back(std::move(row));
      absl::StatusOr<storage::StoreStats> stats = store_->Stats(kStatsAge);
      if (stats.ok()) {
        // The forecast may be older than what keeps the store from writing.
        if (!status.write_status.ok()) stats->forecast.to_limit = absl::ZeroDuration();
        for (Metrics::Row& row : ForecastRows(stats->forecast)) rows.push_back(std::move(row));
      }
    }
  }
  return {.body = PrometheusText(rows, ReadProcessInfo()),
          .content_type = std::string(kPrometheusContentType)};
}

std::vector<HttpRoute> Endpoints::Routes() {
  std::vector<HttpRoute> routes;
  routes.push_back({.path = "/healthz",
                    .handle = [](const HttpRequest&) -> HttpResponse { return {.body = "ok\n"}; }});
  routes.push_back({.path = "/readyz", .handle = [this](const HttpRequest&) { return Ready(); }});
  routes.push_back({.path = "/metrics", .blocking = true, .handle = [this](const HttpRequest&) {
                      return MetricsPage();
                    }});
  return routes;
}

}  // namespace flamekeep::server
