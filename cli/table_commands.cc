// The commands over functions: top, search, sandwich, compare.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/coverage_notes.h"
#include "cli/exit_code.h"
#include "cli/function_text.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/terminal_text.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {
namespace {

// Asks the server: `method` of its stub.
template <typename Request, typename Response>
absl::StatusOr<Response> AskForTable(const SelectionOptions& options, Request request,
                                     grpc::Status (v1::QueryService::Stub::*method)(
                                         grpc::ClientContext*, const Request&, Response*)) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(), SelectionOf(options, absl::Now()));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  Response response;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc((stub.get()->*method)(&context, request, &response), address));
  TellCoverage(response.coverage());
  return response;
}

// Rows alone do not tell it.
void TellRowsLeftOut(uint64_t rows, const AnswerStyle& style) {
  if (rows == 0 || style.format == TableFormat::kTable) return;
  fmt::print(stderr, "flamekeep: note: {} more rows are left out: raise --limit\n", rows);
}

// A status for exit code 3 where the first row, which has the most, is above the limit.
absl::Status CheckTopShare(const v1::TopResponse& top, bool by_total, double limit) {
  if (top.coverage().total() == 0) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "whether --fail-above holds can not be told: the selection has no samples in this "
                 "range; take a longer one");
  }
  if (top.rows().empty()) return absl::OkStatus();
  const v1::FunctionRow& most = top.rows(0);
  const double share = by_total ? most.total_share() : most.self_share();
  if (share <= limit) return absl::OkStatus();
  return AboveLimit(fmt::format("{} has {:.2f}% {}, above {:g}%", TerminalText(most.function()),
                                share * 100, by_total ? "in all" : "by itself", limit * 100));
}

}  // namespace

absl::Status RunTop(const TopOptions& options) {
  v1::TopRequest request;
  request.set_by(OrderNamed(options.by));
  request.set_limit(options.limit);
  FLAMEKEEP_RETURN_IF_ERROR(SetFunction(options.function, &request));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const v1::TopResponse top,
      AskForTable(options.selection, std::move(request), &v1::QueryService::Stub::Top));
  const bool by_total = options.by == "total";
  const AnswerStyle style = StyleOfAnswer(options.format);
  FLAMEKEEP_RETURN_IF_ERROR(WriteAnswer(TopText(top, by_total, style)));
  TellRowsLeftOut(top.rows_left_out(), style);
  if (!options.fail_above.has_value()) return absl::OkStatus();
  return CheckTopShare(top, by_total, *options.fail_above);
}

absl::Status RunSearch(const SearchOptions& options) {
  v1::SearchRequest request;
  request.set_by(OrderNamed(options.by));
  request.set_limit(options.limit);
  FLAMEKEEP_RETURN_IF_ERROR(SetFunction(options.function, &request));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const v1::SearchResponse search,
      AskForTable(options.selection, std::move(request), &v1::QueryService::Stub::Search));
  const AnswerStyle style = StyleOfAnswer(options.format);
  FLAMEKEEP_RETURN_IF_ERROR(WriteAnswer(SearchText(search, options.by == "total", style)));
  TellRowsLeftOut(search.rows_left_out(), style);
  return absl::OkStatus();
}

absl::Status RunSandwich(const SandwichOptions& options) {
  v1::SandwichRequest request;
  FLAMEKEEP_RETURN_IF_ERROR(SetFunction(options.function, &request));
  request.set_min_share(options.min_share);
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const v1::SandwichResponse sandwich,
      AskForTable(options.selection, std::move(request), &v1::QueryService::Stub::Sandwich));
  if (sandwich.total() == 0 && sandwich.coverage().total() != 0) {
    fmt::print(stderr, "flamekeep: note: no sample holds {}: flamekeep search finds names\n",
               TerminalText(options.function.function));
  }
  if (const uint64_t count = MatchingFunctions(sandwich); count > 1) {
    fmt::print(
        stderr,
        "flamekeep: note: {} functions match, and count as one: --exact takes a whole name\n",
        count);
  }
  const AnswerStyle style = StyleOfAnswer(options.format);
  const uint64_t nodes = sandwich.callers().cut_nodes() + sandwich.callees().cut_nodes();
  // Rows alone do not tell it.
  if (nodes > 0 && style.format != TableFormat::kTable) {
    fmt::print(stderr, "flamekeep: note: {} narrow nodes are left out: lower --min-share\n", nodes);
  }
  return WriteAnswer(SandwichText(sandwich, options.function.function, style));
}

absl::Status RunCompare(const CompareOptions& options) {
  v1::CompareRequest request;
  request.set_label(options.by);
  request.set_limit(options.limit);
  FLAMEKEEP_RETURN_IF_ERROR(SetFunction(options.function, &request));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const v1::CompareResponse comparison,
      AskForTable(options.selection, std::move(request), &v1::QueryService::Stub::Compare));
  const AnswerStyle style = StyleOfAnswer(options.format);
  FLAMEKEEP_RETURN_IF_ERROR(
      WriteAnswer(CompareText(comparison, options.by, IsSet(options.function), style)));
  TellRowsLeftOut(comparison.rows_left_out(), style);
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
