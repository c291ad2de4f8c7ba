#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/coverage_notes.h"
#include "cli/heat_map_text.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "cli/series_text.h"
#include "cli/step_parse.h"
#include "cli/table_writer.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {
namespace {

absl::StatusOr<v1::SeriesRequest> SeriesRequestOf(const SeriesOptions& options) {
  v1::SeriesRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  if (!options.step.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_step(), ParseStep(options.step));
  }
  for (const std::string& label : options.by) request.add_by(label);
  request.set_max_groups(options.max_groups);
  FLAMEKEEP_RETURN_IF_ERROR(SetFunction(options.function, &request));
  return request;
}

absl::StatusOr<v1::HeatMapRequest> HeatMapRequestOf(const HeatMapOptions& options) {
  v1::HeatMapRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  FLAMEKEEP_RETURN_IF_ERROR(SetFunction(options.function, &request));
  return request;
}

}  // namespace

absl::Status RunSeries(const SeriesOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(v1::SeriesRequest request, SeriesRequestOf(options));
  const TableFormat format = TableFormatNamed(options.format);
  const size_t columns = OutputColumns();
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  v1::SeriesResponse response;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->Series(&context, request, &response), address));
  TellCoverage(response.coverage());
  if (const std::string note = WidePointsNote(response); !note.empty()) {
    fmt::print(stderr, "flamekeep: note: {}\n", note);
  }
  return WriteAnswer(SeriesText(request, response, format, columns));
}

absl::Status RunHeatMap(const HeatMapOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::HeatMapRequest request, HeatMapRequestOf(options));
  const size_t columns = OutputColumns();
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  v1::HeatMapResponse response;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->HeatMap(&context, request, &response), address));
  TellCoverage(response.coverage());
  if (response.unknown_hours() > 0) {
    fmt::print(stderr, "flamekeep: note: {} hours are not known: the store keeps no hours there\n",
               CountText(response.unknown_hours()));
  }
  const bool draws = options.format.empty() ? columns != 0 : options.format == "map";
  if (draws) {
    return WriteAnswer(HeatMapDrawing(
        request, response, columns != 0 ? columns : static_cast<size_t>(TerminalColumns(stdout))));
  }
  const TableFormat format =
      options.format.empty() ? TableFormat::kCsv : TableFormatNamed(options.format);
  return WriteAnswer(HeatMapRows(request, response).Text(format, {.width = columns}));
}

}  // namespace flamekeep::cli
