// What monitoring asks on the HTTP port; web_page.h and api_routes.h have the rest:
//
//   /healthz  200 while the process serves HTTP
//   /readyz   200 while samples are taken in, else 503 with the reason
//   /metrics  Prometheus text
//
// Thread safety: Endpoints, all methods.
#ifndef FLAMEKEEP_SERVER_HTTP_ENDPOINTS_H_
#define FLAMEKEEP_SERVER_HTTP_ENDPOINTS_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "server/health.h"
#include "server/http/http_server.h"
#include "storage/store.h"
#include "storage/store_stats.h"

namespace flamekeep::server {

// The rows of a store for /metrics.
std::vector<Metrics::Row> StoreRows(const storage::StoreStatus& status);
std::vector<Metrics::Row> ForecastRows(const storage::Forecast& forecast);

class Endpoints {
 public:
  // Neither is owned.
  Endpoints(const Metrics* metrics, const Health* health) : metrics_(metrics), health_(health) {}

  // From now on /metrics tells of the store; null: no longer. Not owned. When this returns, the
  // store that was set before is not used any more.
  void SetStore(const storage::Store* store) {
    absl::MutexLock lock(&mutex_);
    store_ = store;
  }

  // The routes keep a pointer to this.
  std::vector<HttpRoute> Routes();

 private:
  HttpResponse Ready() const;
  HttpResponse MetricsPage() const;

  const Metrics* const metrics_;
  const Health* const health_;
  mutable absl::Mutex mutex_;
  const storage::Store* store_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_ENDPOINTS_H_
