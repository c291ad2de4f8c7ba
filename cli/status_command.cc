#include <google/protobuf/util/json_util.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/status_text.h"
#include "flamekeep/v1/admin.grpc.pb.h"

namespace flamekeep::cli {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

absl::StatusOr<std::string> Json(const v1::StatusResponse& status) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto written = google::protobuf::util::MessageToJsonString(status, &json, options);
  if (!written.ok()) {
    return Error(absl::StatusCode::kInternal, "the status does not fit into JSON: {}",
                 written.ToString());
  }
  return json;
}

}  // namespace

absl::Status RunStatus(const StatusOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  const auto stub = v1::AdminService::NewStub(Connect(address));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kTimeout));
  v1::StatusResponse status;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Status(&context, {}, &status), address));
  std::string text;
  if (options.json) {
    FLAMEKEEP_ASSIGN_OR_RETURN(text, Json(status));
  } else {
    text = StatusText(status, absl::Now());
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create("-"));
  FLAMEKEEP_RETURN_IF_ERROR(output->Write(text));
  return output->Commit();
}

}  // namespace flamekeep::cli
