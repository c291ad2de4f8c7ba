// Answers of the server as JSON, for --json.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_JSON_H_
#define FLAMEKEEP_CLI_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace flamekeep::cli {

// With all fields, by the names that the .proto file has.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_JSON_H_
