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
#include "cli/progress.h"
#include "cli/selection.h"
#include "flamekeep/v1/query.grpc.pb.h"
#include "server/render_format.h"

namespace flamekeep::cli {
namespace {

absl::StatusOr<v1::RenderRequest> RequestOf(const QueryOptions& options) {
  v1::RenderRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::RenderFormat format,
                             server::RenderFormatOf(options.format, options.output));
  request.set_format(format);
  request.set_inverted(options.inverted);
  request.set_title(options.title);
  request.set_min_share(options.min_share);
  request.set_max_nodes(options.max_nodes);
  return request;
}

// An SVG says it by itself.
void TellCut(v1::RenderFormat format, const v1::RenderResponse& head) {
  if (head.cut_nodes() == 0 || format == v1::RENDER_FORMAT_SVG) return;
  fmt::print(stderr, "flamekeep: note: {} nodes were left out, with {} of {} {}\n",
             CountText(head.cut_nodes()), CountText(head.cut_total()),
             CountText(head.coverage().total()), head.coverage().unit());
}

}  // namespace

absl::Status RunQuery(const QueryOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::RenderRequest request, RequestOf(options));
  if (!server::IsDrawing(request.format()) && (options.min_share != 0 || options.max_nodes != 0)) {
    return InvalidArgument(
        "nothing is left out of folded, pprof and speedscope: --min-share and --max-nodes are for "
        "svg, flamebearer and d3");
  }
  if (server::IsForFiles(request.format()) && options.output == "-" && isatty(STDOUT_FILENO) == 1) {
    return InvalidArgument("this format is not for a terminal: name a file with -o");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create(options.output));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  const auto reader = stub->Render(&context, request);
  v1::RenderResponse response;
  while (reader->Read(&response)) {
    if (response.has_coverage()) {
      TellCoverage(response.coverage());
      TellCut(request.format(), response);
    }
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
