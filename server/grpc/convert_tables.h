// Between the views over functions of flamekeep.v1 and ours. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_TABLES_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_TABLES_H_

#include "absl/status/statusor.h"
#include "flamekeep/v1/tables.pb.h"
#include "query/compare.h"
#include "query/sandwich.h"
#include "query/top.h"

namespace flamekeep::server {

// Errors: INVALID_ARGUMENT for what a request can not say; the rest is the engine's business.
absl::StatusOr<query::TopOptions> OptionsOf(const v1::TopRequest& request);
absl::StatusOr<query::TopOptions> OptionsOf(const v1::SearchRequest& request);
absl::StatusOr<query::SandwichOptions> OptionsOf(const v1::SandwichRequest& request);
absl::StatusOr<query::CompareOptions> OptionsOf(const v1::CompareRequest& request);

// These take the strings.
void MoveToProto(query::TopTable table, v1::TopResponse* out);
void MoveToProto(query::TopTable table, v1::SearchResponse* out);
void MoveToProto(query::Sandwich sandwich, v1::SandwichResponse* out);
void MoveToProto(query::Comparison comparison, v1::CompareResponse* out);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_TABLES_H_
