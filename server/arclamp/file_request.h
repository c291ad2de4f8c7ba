// What Render is asked for a file of Arc Lamp's.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_FILE_REQUEST_H_
#define FLAMEKEEP_SERVER_ARCLAMP_FILE_REQUEST_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/arclamp/file_name.h"
#include "server/arclamp/url_config.h"
#include "server/http/render_exchange.h"

namespace flamekeep::server {

// `selector` is that of channels.h. Errors: NOT_FOUND for a function that the configuration does
// not have. The check of the file gives NOT_FOUND where it would hold other samples than its name
// says, or none.
absl::StatusOr<RenderedFile> ArcLampRendered(const ArcLampFile& file, std::string selector,
                                             const ArcLampUrlConfig& config);

// "MediaWiki - hourly - 2026-11-20 13.excimer-wall.index - reversed".
std::string ArcLampTitle(const ArcLampFile& file, std::string_view begin);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_FILE_REQUEST_H_
