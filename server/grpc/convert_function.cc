#include "server/grpc/convert_function.h"

#include "server/grpc/convert.h"

namespace flamekeep::server {

absl::StatusOr<query::FrameMatcher> FromProto(const v1::FunctionMatcher& function) {
  const bool is_exact = !function.function().empty() || !function.file().empty();
  if (is_exact == function.has_matcher()) {
    return InvalidArgument("`function` is to have a name, or a matcher: give one of the two");
  }
  query::FrameMatcher matcher = is_exact ? query::ExactMatcher(function.function(), function.file())
                                         : FromProto(function.matcher());
  FLAMEKEEP_RETURN_IF_ERROR(query::CheckMatcher(matcher, "function"));
  return matcher;
}

absl::StatusOr<query::FunctionOrder> OrderOf(v1::FunctionOrder order, query::FunctionOrder unset) {
  switch (order) {
    case v1::FUNCTION_ORDER_UNSPECIFIED:
      return unset;
    case v1::FUNCTION_ORDER_SELF:
      return query::FunctionOrder::kSelf;
    case v1::FUNCTION_ORDER_TOTAL:
      return query::FunctionOrder::kTotal;
    default:
      return InvalidArgument(
          "`by` is {}, which this version does not know: use FUNCTION_ORDER_SELF or "
          "FUNCTION_ORDER_TOTAL",
          static_cast<int>(order));
  }
}

}  // namespace flamekeep::server
