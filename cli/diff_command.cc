#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/coverage_notes.h"
#include "cli/diff_text.h"
#include "cli/exit_code.h"
#include "cli/function_text.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "cli/table_writer.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {
namespace {

// So many functions are asked for where they are checked against a limit: more than can be above
// it.
constexpr uint32_t kCheckedFunctions = 10'000;

constexpr std::string_view kOfBaseline = "baseline: ";

struct DiffPair {
  v1::Selection baseline;
  v1::Selection selection;
};

absl::StatusOr<DiffPair> DiffPairOf(const DiffOptions& options, absl::Time now) {
  DiffPair pair;
  FLAMEKEEP_ASSIGN_OR_RETURN(pair.selection, SelectionOf(options.selection, now));
  if (options.baseline.empty() && options.baseline_from.empty()) {
    return InvalidArgument(
        "there is nothing to compare with: give --baseline-from, --baseline or both");
  }
  SelectionOptions baseline = options.selection;
  if (!options.baseline.empty()) baseline.selector = options.baseline;
  if (!options.baseline_from.empty()) {
    baseline.from = options.baseline_from;
    baseline.to = options.selection.from;
  }
  if (!options.baseline_to.empty()) baseline.to = options.baseline_to;
  absl::StatusOr<v1::Selection> selection = SelectionOf(baseline, now);
  if (!selection.ok()) return InvalidArgument("of the baseline: {}", Message(selection.status()));
  pair.baseline = *std::move(selection);
  return pair;
}

absl::Status WriteDiffDrawing(const DiffOptions& options, const DiffPair& pair,
                              const std::string& address, Output* output) {
  v1::RenderRequest request;
  *request.mutable_baseline() = pair.baseline;
  *request.mutable_selection() = pair.selection;
  request.set_format(v1::RENDER_FORMAT_SVG);
  request.set_title(options.title);
  request.set_width_of_baseline(options.width_of_baseline);
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  const auto reader = stub->Render(&context, request);
  v1::RenderResponse response;
  while (reader->Read(&response)) {
    if (response.has_coverage()) {
      TellCoverage(response.baseline(), kOfBaseline);
      TellCoverage(response.coverage());
    }
    const absl::Status written = output->Write(response.data());
    if (written.ok()) continue;
    context.TryCancel();
    reader->Finish();
    return written;
  }
  return FromGrpc(reader->Finish(), address);
}

absl::StatusOr<v1::DiffResponse> AskDiff(const DiffOptions& options, const DiffPair& pair,
                                         const std::string& address) {
  v1::DiffRequest request;
  *request.mutable_baseline() = pair.baseline;
  *request.mutable_selection() = pair.selection;
  request.set_limit(options.fail_above.has_value() ? std::max(options.limit, kCheckedFunctions)
                                                   : options.limit);
  request.set_by(OrderNamed(options.by));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  v1::DiffResponse response;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Diff(&context, request, &response), address));
  return response;
}

// A status for exit code 3 where something grew by more than `limit`.
absl::Status CheckGrowth(const v1::DiffResponse& diff, bool by_self, double limit) {
  const std::string unknown = NotEnoughDataText(diff);
  if (!unknown.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "--fail-above can not be told: {}",
                 unknown);
  }
  const std::string growth = GrowthAbove(diff, by_self, limit);
  return growth.empty() ? absl::OkStatus() : AboveLimit(growth);
}

}  // namespace

absl::Status RunDiff(const DiffOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(const DiffPair pair, DiffPairOf(options, absl::Now()));
  FLAMEKEEP_ASSIGN_OR_RETURN(const size_t chosen,
                             FormatOfFile(DiffFormats(), options.format, options.output));
  const std::string_view format = DiffFormats()[chosen].name;
  const size_t width = options.output == "-" ? OutputColumns() : 0;
  if (format == "svg" && width > 0) {
    return InvalidArgument("an SVG is not for a terminal: name a file with -o");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create(options.output));
  if (format == "svg") {
    FLAMEKEEP_RETURN_IF_ERROR(WriteDiffDrawing(options, pair, address, output.get()));
    FLAMEKEEP_RETURN_IF_ERROR(output->Commit());
    if (!options.fail_above.has_value()) return absl::OkStatus();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::DiffResponse diff, AskDiff(options, pair, address));
  const bool by_self = options.by == "self";
  if (format != "svg") {
    TellCoverage(diff.baseline(), kOfBaseline);
    TellCoverage(diff.coverage());
    FLAMEKEEP_RETURN_IF_ERROR(
        output->Write(DiffText(diff, by_self, options.limit, TableFormatNamed(format), width)));
    FLAMEKEEP_RETURN_IF_ERROR(output->Commit());
  }
  if (options.fail_above.has_value()) return CheckGrowth(diff, by_self, *options.fail_above);
  const std::string unknown = NotEnoughDataText(diff);
  if (!unknown.empty()) fmt::print(stderr, "flamekeep: note: {}\n", unknown);
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
