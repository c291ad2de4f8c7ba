#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/coverage_notes.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {
namespace {

absl::StatusOr<v1::RenderRequest> RequestOf(const QueryOptions& options) {
  v1::RenderRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  const bool is_svg =
      options.format.empty() ? options.output.ends_with(".svg") : options.format == "svg";
  request.set_format(is_svg ? v1::RENDER_FORMAT_SVG : v1::RENDER_FORMAT_FOLDED);
  request.set_inverted(options.inverted);
  request.set_title(options.title);
  request.set_min_share(options.min_share);
  return request;
}

}  // namespace

absl::Status RunQuery(const QueryOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::RenderRequest request, RequestOf(options));
  if (request.format() == v1::RENDER_FORMAT_SVG && options.output == "-" &&
      isatty(STDOUT_FILENO) == 1) {
    return InvalidArgument("an SVG is not for a terminal: name a file with -o");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create(options.output));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  const auto reader = stub->Render(&context, request);
  v1::RenderResponse response;
  while (reader->Read(&response)) {
    if (response.has_coverage()) TellCoverage(response.coverage());
    const absl::Status written = output->Write(response.data());
    if (written.ok()) continue;
    context.TryCancel();
    reader->Finish();
    return written;
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(reader->Finish(), address));
  return output->Commit();
}

}  // namespace flamekeep::cli
