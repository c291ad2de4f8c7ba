#include "server/grpc/convert_tables.h"

#include <cstdint>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_function.h"

namespace flamekeep::server {
namespace {

double TableShare(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What both tables of functions have.
template <typename Response>
void MoveFunctionRows(query::TopTable table, Response* out) {
  const uint64_t whole = table.coverage.total;
  for (query::FunctionRow& row : table.rows) {
    v1::FunctionRow* to = out->add_rows();
    to->set_function(std::move(row.function));
    to->set_file(std::move(row.file));
    to->set_self(row.self);
    to->set_total(row.total);
    to->set_self_share(TableShare(row.self, whole));
    to->set_total_share(TableShare(row.total, whole));
  }
  out->set_rows_left_out(table.rows_left_out);
  out->set_self_left_out(table.self_left_out);
  *out->mutable_coverage() = ToProto(table.coverage);
  *out->mutable_stats() = StatsToProto(table.coverage);
}

void MoveSandwichHalf(query::FlameGraph graph, v1::FlameGraphResponse* out) {
  MoveToProto(std::move(graph), out);
  out->clear_coverage();
  out->clear_stats();
}

}  // namespace

absl::StatusOr<query::TopOptions> OptionsOf(const v1::TopRequest& request) {
  query::TopOptions options = {.limit = request.limit()};
  FLAMEKEEP_ASSIGN_OR_RETURN(options.function, FunctionOf(request));
  FLAMEKEEP_ASSIGN_OR_RETURN(options.by, OrderOf(request.by(), query::FunctionOrder::kSelf));
  return options;
}

absl::StatusOr<query::TopOptions> OptionsOf(const v1::SearchRequest& request) {
  query::TopOptions options = {.limit = request.limit()};
  FLAMEKEEP_ASSIGN_OR_RETURN(options.function, RequiredFunctionOf(request));
  FLAMEKEEP_ASSIGN_OR_RETURN(options.by, OrderOf(request.by(), query::FunctionOrder::kTotal));
  return options;
}

absl::StatusOr<query::SandwichOptions> OptionsOf(const v1::SandwichRequest& request) {
  query::SandwichOptions options = {.min_share = request.min_share(),
                                    .max_nodes = request.max_nodes()};
  FLAMEKEEP_ASSIGN_OR_RETURN(options.function, RequiredFunctionOf(request));
  return options;
}

absl::StatusOr<query::CompareOptions> OptionsOf(const v1::CompareRequest& request) {
  query::CompareOptions options = {.label = request.label(), .limit = request.limit()};
  FLAMEKEEP_ASSIGN_OR_RETURN(options.function, FunctionOf(request));
  return options;
}

void MoveToProto(query::TopTable table, v1::TopResponse* out) {
  MoveFunctionRows(std::move(table), out);
}

void MoveToProto(query::TopTable table, v1::SearchResponse* out) {
  out->set_matched_total(table.matched_total);
  out->set_matched_share(TableShare(table.matched_total, table.coverage.total));
  MoveFunctionRows(std::move(table), out);
}

void MoveToProto(query::Sandwich sandwich, v1::SandwichResponse* out) {
  *out->mutable_coverage() = ToProto(sandwich.coverage);
  *out->mutable_stats() = StatsToProto(sandwich.coverage);
  out->set_total(sandwich.total);
  out->set_self(sandwich.self);
  out->set_total_share(TableShare(sandwich.total, sandwich.coverage.total));
  out->set_self_share(TableShare(sandwich.self, sandwich.coverage.total));
  MoveSandwichHalf(std::move(sandwich.callers), out->mutable_callers());
  MoveSandwichHalf(std::move(sandwich.callees), out->mutable_callees());
}

void MoveToProto(query::Comparison comparison, v1::CompareResponse* out) {
  for (query::CompareRow& row : comparison.rows) {
    v1::CompareResponse::Row* to = out->add_rows();
    to->set_value(std::move(row.value));
    to->set_observations(row.observations);
    to->set_total(row.total);
    to->set_total_share(TableShare(row.total, comparison.coverage.total));
    to->set_function_total(row.function_total);
    to->set_function_share(TableShare(row.function_total, row.total));
  }
  out->set_rows_left_out(comparison.rows_left_out);
  out->set_total_left_out(comparison.total_left_out);
  out->set_function_total_left_out(comparison.function_total_left_out);
  *out->mutable_coverage() = ToProto(comparison.coverage);
  *out->mutable_stats() = StatsToProto(comparison.coverage);
}

}  // namespace flamekeep::server
