#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/explain_text.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {

absl::Status RunExplain(const ExplainOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  v1::ExplainRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  v1::ExplainResponse explanation;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Explain(&context, request, &explanation), address));
  return WriteAnswer(ExplainText(explanation, OutputColumns()));
}

}  // namespace flamekeep::cli
