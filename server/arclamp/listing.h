// The folders of Arc Lamp's URLs as pages: newest first, made from what the store holds.
//
// A page has the last two weeks, or two days of hours, with data; a link leads to those before, and
// a form to those before any day. Logs have the names that Arc Lamp gives them: `.log` for three
// days, `.log.gz` then. Graphs of functions are listed for the tag `all`, as Arc Lamp makes them;
// other tags have them, too.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_LISTING_H_
#define FLAMEKEEP_SERVER_ARCLAMP_LISTING_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/arclamp/file_name.h"
#include "server/arclamp/history.h"
#include "server/arclamp/url_config.h"
#include "storage/bucket.h"

namespace flamekeep::server {

// What a page is made of besides the history.
struct ArcLampListing {
  ArcLampPath path;                              // of a folder
  std::vector<std::string> sites;                // of the store
  std::string site;                              // that was asked for; empty: all
  storage::Minute before = storage::kMaxMinute;  // of kPeriod
};

// Of kTop and kTree.
std::string ArcLampFolderPage(const ArcLampListing& listing);
// Of kPeriod. Errors: those of the history.
absl::StatusOr<std::string> ArcLampPeriodPage(const ArcLampListing& listing,
                                              const ArcLampHistory& history,
                                              const ArcLampUrlConfig& config, absl::Time now);

// What is to stand behind a path so that it goes on with this site.
std::string ArcLampSiteQuery(std::string_view site);

// The start of the first bucket whose logs Arc Lamp has not compressed yet.
storage::Minute ArcLampFirstPlain(storage::Level level, absl::Time now);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_LISTING_H_
