#include "server/arclamp/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "server/arclamp/channels.h"
#include "server/arclamp/file_request.h"
#include "server/arclamp/listing.h"
#include "server/arclamp/metrics_page.h"
#include "server/config_parts.h"
#include "server/http/http_errors.h"
#include "server/http/prometheus_text.h"

namespace flamekeep::server {

namespace {

constexpr std::string_view kArcLampRoot = "/arclamp/";
constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kListingPolicy = "default-src 'none'; style-src 'unsafe-inline'";
constexpr int kMovedStatus = 301;
// A page holds up one of few worker threads.
constexpr absl::Duration kHistoryPatience = absl::Seconds(5);
// What the metrics tell changes by the minute.
constexpr absl::Duration kMetricsAge = absl::Seconds(60);
constexpr size_t kShownChannels = 5;

// The site that is asked for; empty: all.
absl::StatusOr<std::string> SiteOfQuery(const QueryString& query) {
  std::string site(query.Get("site"));
  if (site.empty()) return site;
  FLAMEKEEP_RETURN_IF_ERROR(CheckSiteName(site));
  return site;
}

// The begin of what `?before=` names: a day, or an hour of hourly files; of no other folder.
absl::StatusOr<storage::Minute> BeforeOfQuery(const QueryString& query, const ArcLampPath& path) {
  const std::string_view text = query.Get("before");
  if (path.page != ArcLampPath::Page::kPeriod || text.empty()) return storage::kMaxMinute;
  absl::StatusOr<storage::Bucket> bucket = ParseArcLampTime(text, storage::Level::kDay);
  if (!bucket.ok()) bucket = ParseArcLampTime(text, path.level);
  if (!bucket.ok()) return bucket.status();
  return bucket->start;
}

// Where a path without its last '/' leads; nothing where that is no folder either.
std::optional<std::string> FolderOf(std::string_view path) {
  const absl::StatusOr<ArcLampPath> folder = ParseArcLampPath(fmt::format("{}/", path));
  if (!folder.ok() || folder->page == ArcLampPath::Page::kFile) return std::nullopt;
  return fmt::format("{}{}", kArcLampRoot, ArcLampPathText(*folder));
}

}  // namespace

void ArcLampPages::SetStore(const storage::Store* store) {
  absl::MutexLock lock(&mutex_);
  store_ = store;
  metrics_.reset();
}

std::vector<HttpRoute> ArcLampPages::Routes() {
  std::vector<HttpRoute> routes;
  routes.push_back({.path = "/arclamp", .handle = [](const HttpRequest&) -> HttpResponse {
                      return {.status = kMovedStatus,
                              .headers = {{"Location", std::string(kArcLampRoot)}}};
                    }});
  routes.push_back({.path = std::string(kArcLampRoot),
                    .prefix = true,
                    .blocking = true,
                    .start = [this](std::shared_ptr<HttpCall> call) { Answer(std::move(call)); }});
  return routes;
}

void ArcLampPages::Answer(std::shared_ptr<HttpCall> call) {
  const HttpRequest& request = call->request();
  const auto fail = [&call](const absl::Status& status) {
    call->Respond(ErrorResponse(status, HttpErrors::kText));
  };
  const std::string_view rest = std::string_view(request.path).substr(kArcLampRoot.size());
  const absl::StatusOr<QueryString> query = QueryString::Parse(request.query);
  if (!query.ok()) return fail(query.status());
  const absl::StatusOr<std::string> site = SiteOfQuery(*query);
  if (!site.ok()) return fail(site.status());
  const absl::StatusOr<ArcLampPath> path = ParseArcLampPath(rest);
  if (!path.ok()) {
    const std::optional<std::string> folder = FolderOf(rest);
    if (!folder.has_value()) return fail(path.status());
    return call->Respond(
        {.status = kMovedStatus, .headers = {{"Location", *folder + ArcLampSiteQuery(*site)}}});
  }
  if (path->page != ArcLampPath::Page::kFile) {
    absl::StatusOr<HttpResponse> page = path->page == ArcLampPath::Page::kMetrics
                                            ? MetricsPage()
                                            : FolderPage(*path, *query, *site);
    if (!page.ok()) return fail(page.status());
    MayCompress(request, &*page);
    return call->Respond(*std::move(page));
  }
  absl::StatusOr<std::string> channel = path->file.channel;
  if (channel->empty()) channel = OnlyChannel(path->file, *site);
  if (!channel.ok()) return fail(channel.status());
  absl::StatusOr<RenderedFile> file = ArcLampRendered(
      path->file, ArcLampSelector(types_, *channel, path->file.tag, *site), config_);
  if (!file.ok()) return fail(file.status());
  SendRendered(&calls_, *std::move(file), std::move(call));
}

absl::StatusOr<ArcLampHistory> ArcLampPages::OpenHistory(std::string_view site) const {
  if (store_ == nullptr) return LocalCalls::NoServices();
  return ArcLampHistory::Open(*store_, ArcLampChannelsOf(store_->Series(), types_, site),
                              SteadyNow() + kHistoryPatience);
}

absl::StatusOr<HttpResponse> ArcLampPages::FolderPage(const ArcLampPath& path,
                                                      const QueryString& query,
                                                      std::string_view site) {
  ArcLampListing listing{.path = path, .site = std::string(site)};
  FLAMEKEEP_ASSIGN_OR_RETURN(listing.before, BeforeOfQuery(query, path));
  absl::MutexLock lock(&mutex_);
  FLAMEKEEP_ASSIGN_OR_RETURN(const ArcLampHistory history, OpenHistory(site));
  listing.sites = store_->Sites();
  if (!site.empty() &&
      std::find(listing.sites.begin(), listing.sites.end(), site) == listing.sites.end()) {
    return NotFound("there is no site \"{}\" in this store: leave out ?site= to see all", site);
  }
  std::string body;
  if (path.page == ArcLampPath::Page::kPeriod) {
    FLAMEKEEP_ASSIGN_OR_RETURN(body, ArcLampPeriodPage(listing, history, config_, absl::Now()));
  } else {
    body = ArcLampFolderPage(listing);
  }
  return HttpResponse{.body = std::move(body),
                      .content_type = std::string(kHtmlType),
                      .headers = {{"Cache-Control", "no-cache"},
                                  {"Content-Security-Policy", std::string(kListingPolicy)}}};
}

absl::StatusOr<HttpResponse> ArcLampPages::MetricsPage() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = SteadyNow();
  if (!metrics_.has_value() || now - metrics_->made > kMetricsAge) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ArcLampHistory history, OpenHistory(""));
    FLAMEKEEP_ASSIGN_OR_RETURN(std::string text, ArcLampMetricsText(history, absl::Now()));
    metrics_ = KeptMetrics{.text = std::move(text), .made = now};
  }
  return HttpResponse{.body = metrics_->text, .content_type = std::string(kPrometheusContentType)};
}

absl::StatusOr<std::string> ArcLampPages::OnlyChannel(const ArcLampFile& file,
                                                      std::string_view site) {
  std::vector<ArcLampChannel> channels;
  {
    absl::MutexLock lock(&mutex_);
    if (store_ == nullptr) return LocalCalls::NoServices();
    channels = ArcLampChannelsOf(store_->Series(), types_, site);
  }
  if (channels.size() == 1) return channels[0].name;
  if (channels.empty()) return NotFound("there are no samples yet: nothing can be listed or drawn");
  std::string names;
  for (size_t i = 0; i < std::min(channels.size(), kShownChannels); ++i) {
    ArcLampFile named = file;
    named.channel = channels[i].name;
    names += (i == 0 ? "" : ", ") + ArcLampFileName(named);
  }
  return NotFound("{} names no channel, and there are several: ask for {}{}", ArcLampFileName(file),
                  names, channels.size() > kShownChannels ? ", ..." : "");
}

}  // namespace flamekeep::server
