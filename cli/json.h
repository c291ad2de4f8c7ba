// JSON: answers of the server for --json, and strings for rows that are written by hand.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_JSON_H_
#define FLAMEKEEP_CLI_JSON_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace flamekeep::cli {

// With all fields, by the names that the .proto file has.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

// A string, quotes included: ASCII but for letters and signs of other scripts, which stay; invalid
// UTF-8 becomes U+FFFD.
std::string JsonString(std::string_view text);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_JSON_H_
