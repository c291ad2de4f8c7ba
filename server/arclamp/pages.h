// Arc Lamp's URLs, /arclamp/..., answered from the store: file_name.h has the names of files,
// listing.h the folders, metrics_page.h the metrics.
//
//   svgs/ .svgz      the flame graph of Render, gzip around it; reversed is inverted. A function's
//                    graph holds the stacks with that function
//   logs/ .log       folded lines, one a stack with its count, sorted by bytes
//   logs/ .log.gz    the same as a gzip file
//
// The parameter `site` names one site, else all count; other parameters are passed over, as old
// links have some that are for scripts in the drawing. An hour or day without samples is NOT_FOUND,
// and so is one that is kept only as a part of something longer. One that is not over yet is
// answered with what is there. Answers are sent as render_exchange.h says.
//
// Thread safety: ArcLampPages, all methods.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_PAGES_H_
#define FLAMEKEEP_SERVER_ARCLAMP_PAGES_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ingest/pipeline.h"
#include "server/arclamp/file_name.h"
#include "server/arclamp/history.h"
#include "server/arclamp/url_config.h"
#include "server/http/http_call.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"
#include "server/http/query_string.h"
#include "storage/store.h"

namespace flamekeep::server {

class ArcLampPages {
 public:
  // `types` are those of the configuration's channels. `calls` is not owned.
  ArcLampPages(ArcLampUrlConfig config, ingest::ChannelTypes types, LocalCalls* calls)
      : config_(std::move(config)), types_(std::move(types)), calls_(*calls) {}

  // From now on these are answered from the store; null: not at all. Not owned. When this returns,
  // the store that was set before is not used any more.
  void SetStore(const storage::Store* store);

  // The routes keep a pointer to this.
  std::vector<HttpRoute> Routes();

 private:
  struct KeptMetrics {
    std::string text;
    absl::Time made;  // of SteadyNow()
  };

  void Answer(std::shared_ptr<HttpCall> call);
  absl::StatusOr<HttpResponse> FolderPage(const ArcLampPath& path, const QueryString& query,
                                          std::string_view site);
  absl::StatusOr<HttpResponse> MetricsPage();
  absl::StatusOr<ArcLampHistory> OpenHistory(std::string_view site) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The channel of a file whose name has none.
  absl::StatusOr<std::string> OnlyChannel(const ArcLampFile& file, std::string_view site);

  const ArcLampUrlConfig config_;
  const ingest::ChannelTypes types_;
  LocalCalls& calls_;
  absl::Mutex mutex_;
  const storage::Store* store_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::optional<KeptMetrics> metrics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_PAGES_H_
