// The page for people, and what it loads:
//
//   /             the page for browsers; a few lines of text for who does not ask for HTML (curl)
//   /assets/      its scripts, styles and pictures
//   /speedscope/  speedscope, for its "open in speedscope"
//
// Files whose names tell their content, as "index-N7g92JT5.js" does, may be kept for good; others
// have an ETag and are asked for each time. All are sent packed to who takes gzip. A
// Content-Security-Policy keeps the page to this server: no inline script, nothing from elsewhere.
//
// Thread safety: functions; routes may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_WEB_PAGE_H_
#define FLAMEKEEP_SERVER_HTTP_WEB_PAGE_H_

#include <vector>

#include "absl/types/span.h"
#include "server/http/http_server.h"
#include "server/http/web_files.h"

namespace flamekeep::server {

// What `files` point to outlives the routes. Without "/index.html" there is the text only.
std::vector<HttpRoute> WebPageRoutes(absl::Span<const WebFile> files);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_WEB_PAGE_H_
