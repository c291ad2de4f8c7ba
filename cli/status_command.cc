#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/status_text.h"
#include "flamekeep/v1/admin.grpc.pb.h"

namespace flamekeep::cli {
namespace {

constexpr absl::Duration kStatusTimeout = absl::Seconds(20);

}  // namespace

absl::Status RunStatus(const StatusOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  const auto stub = v1::AdminService::NewStub(Connect(address));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kStatusTimeout));
  v1::StatusResponse status;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Status(&context, {}, &status), address));
  std::string text;
  if (options.json) {
    FLAMEKEEP_ASSIGN_OR_RETURN(text, ToJson(status));
  } else {
    text = StatusText(status, absl::Now());
  }
  return WriteAnswer(text);
}

}  // namespace flamekeep::cli
