// Between the types of flamekeep.v1 and ours. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_H_

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flamekeep/v1/common.pb.h"
#include "flamekeep/v1/query.pb.h"
#include "flamekeep/v1/selection.pb.h"
#include "query/engine.h"
#include "query/flame_graph.h"
#include "storage/bucket.h"

namespace flamekeep::server {

// The same code and message. A message is made valid UTF-8 and cut to a size that fits a trailer.
grpc::Status ToGrpc(const absl::Status& status);

google::protobuf::Timestamp ToProto(absl::Time time);
// Errors: INVALID_ARGUMENT names `field`.
absl::StatusOr<absl::Time> FromProto(const google::protobuf::Timestamp& time,
                                     std::string_view field);

v1::Level ToProto(storage::Level level);
// LEVEL_UNSPECIFIED is the minute. Errors: INVALID_ARGUMENT names `field`.
absl::StatusOr<storage::Level> FromProto(v1::Level level, std::string_view field);

// Errors: INVALID_ARGUMENT for a range without both its ends; what lies inside is the engine's
// business.
absl::StatusOr<query::Selection> FromProto(const v1::Selection& selection);

query::FrameMatcher FromProto(const v1::FrameMatcher& matcher);
absl::StatusOr<query::FlameGraphOptions> OptionsOf(const v1::FlameGraphRequest& request);

v1::Coverage ToProto(const query::Coverage& coverage);
v1::ReadStats StatsToProto(const query::Coverage& coverage);
void MoveToProto(const query::Explanation& explanation, v1::ExplainResponse* out);
// Takes the graph's strings.
void MoveToProto(query::FlameGraph graph, v1::FlameGraphResponse* out);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_H_
