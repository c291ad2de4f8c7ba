// Telling others that the server serves: systemd (sd_notify's protocol) and a ready file.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_SERVER_NOTIFY_H_
#define FLAMEKEEP_SERVER_NOTIFY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace flamekeep::server {

// Sends `state`, such as "READY=1", to the socket that $NOTIFY_SOCKET names. Does nothing where it
// is not set.
void NotifySystemd(std::string_view state);

// Writes {"pid": .., "grpc": "..", "http": ".."} and a newline, so that a reader sees all of it or
// no file. Errors: one sentence with the path.
absl::Status WriteReadyFile(const std::string& path, std::string_view grpc, std::string_view http);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_NOTIFY_H_
