// A function, and what functions are ordered by, in the requests of flamekeep.v1. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_FUNCTION_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_FUNCTION_H_

#include "absl/status/statusor.h"
#include "base/status.h"
#include "flamekeep/v1/selection.pb.h"
#include "flamekeep/v1/tables.pb.h"
#include "query/frame_filter.h"
#include "query/function_totals.h"

namespace flamekeep::server {

// Errors: INVALID_ARGUMENT for a function that says nothing, or too much, or has an expression that
// can not be used.
absl::StatusOr<query::FrameMatcher> FromProto(const v1::FunctionMatcher& function);

// `function` of a request that may do without: the empty matcher where it is unset.
template <typename Request>
absl::StatusOr<query::FrameMatcher> FunctionOf(const Request& request) {
  if (!request.has_function()) return query::FrameMatcher();
  return FromProto(request.function());
}

// The same of a request that may not.
template <typename Request>
absl::StatusOr<query::FrameMatcher> RequiredFunctionOf(const Request& request) {
  if (request.has_function()) return FromProto(request.function());
  return InvalidArgument("`function` is not set: give a name, or a matcher with an expression");
}

// `unset`: what unset means. Errors: INVALID_ARGUMENT for a value of a later version.
absl::StatusOr<query::FunctionOrder> OrderOf(v1::FunctionOrder order, query::FunctionOrder unset);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_FUNCTION_H_
