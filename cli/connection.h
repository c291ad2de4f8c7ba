// A connection to a server, and what its errors mean to a person.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_CONNECTION_H_
#define FLAMEKEEP_CLI_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep::cli {

inline constexpr std::string_view kDefaultServer = "127.0.0.1:4041";

// The address as it is dialled: "host" becomes "host:4041"; "unix:/path" stays. Errors:
// INVALID_ARGUMENT tells the form that is wanted.
absl::StatusOr<std::string> ServerAddress(std::string_view text);

// Nothing is dialled before the first call.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

// The status of a call to `address`: the server's own sentence, or, where nobody answered, one that
// says how to start or name a server.
absl::Status FromGrpc(const grpc::Status& status, std::string_view address);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_CONNECTION_H_
