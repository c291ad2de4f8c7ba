#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table_writer.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {
namespace {

absl::Status WriteList(const TableWriter& list, const std::string& format, uint64_t left_out) {
  if (list.empty()) fmt::print(stderr, "flamekeep: note: there is nothing that matches\n");
  if (left_out > 0) {
    fmt::print(stderr, "flamekeep: note: there are {} more: narrow the list with --selector\n",
               CountText(left_out));
  }
  return WriteAnswer(list.Text(TableFormatNamed(format), {.width = OutputColumns()}));
}

absl::Status ListNames(v1::QueryService::Stub* stub, const LabelsOptions& options,
                       const std::string& address) {
  v1::ListLabelsRequest request;
  request.set_selector(options.selector);
  grpc::ClientContext context;
  v1::ListLabelsResponse response;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->ListLabels(&context, request, &response), address));
  TableWriter list({{"label"}, {"values", CellStyle::kNumber}, {"series", CellStyle::kNumber}});
  for (const auto& label : response.labels()) {
    list.AddRow({label.name(), uint64_t{label.values()}, uint64_t{label.series()}});
  }
  return WriteList(list, options.format, response.left_out());
}

absl::Status ListValues(v1::QueryService::Stub* stub, const LabelsOptions& options,
                        const std::string& address) {
  v1::ListLabelValuesRequest request;
  request.set_label(options.name);
  request.set_selector(options.selector);
  grpc::ClientContext context;
  v1::ListLabelValuesResponse response;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->ListLabelValues(&context, request, &response), address));
  TableWriter list({{"value"}, {"series", CellStyle::kNumber}});
  for (const auto& value : response.values()) {
    list.AddRow({value.value(), uint64_t{value.series()}});
  }
  return WriteList(list, options.format, response.left_out());
}

}  // namespace

absl::Status RunLabels(const LabelsOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  return options.name.empty() ? ListNames(stub.get(), options, address)
                              : ListValues(stub.get(), options, address);
}

absl::Status RunTypes(const TypesOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  v1::ListProfileTypesRequest request;
  request.set_selector(options.selector);
  grpc::ClientContext context;
  v1::ListProfileTypesResponse response;
  FLAMEKEEP_RETURN_IF_ERROR(
      FromGrpc(stub->ListProfileTypes(&context, request, &response), address));
  TableWriter list({{"name"}, {"unit"}, {"series", CellStyle::kNumber}, {"id"}});
  for (const auto& type : response.profile_types()) {
    list.AddRow({type.name(), type.unit(), uint64_t{type.series()}, type.id()});
  }
  return WriteList(list, options.format, response.left_out());
}

}  // namespace flamekeep::cli
