// Between the messages of series.proto and ours. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_SERIES_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_SERIES_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "flamekeep/v1/series.pb.h"
#include "query/heat_map.h"
#include "query/labels.h"
#include "query/time_series.h"

namespace flamekeep::server {

// Errors: INVALID_ARGUMENT for a function that says nothing, or too much.
absl::StatusOr<query::FrameMatcher> FromProto(const v1::FunctionMatcher& function);
// That of a request, or the empty one.
absl::StatusOr<query::FrameMatcher> FunctionOf(const v1::HeatMapRequest& request);
// Without the selection. Errors: INVALID_ARGUMENT for a function or step that can not be
// understood; what lies inside is the engine's business.
absl::StatusOr<query::SeriesOptions> FromProto(const v1::SeriesRequest& request);

void ToProto(const query::SeriesAnswer& answer, v1::SeriesResponse* out);
void ToProto(const query::HeatMap& map, v1::HeatMapResponse* out);

// At most so many entries of a list are told.
inline constexpr int kMaxListed = 10'000;

void ToProto(const std::vector<query::ListedProfileType>& types, v1::ListProfileTypesResponse* out);
void ToProto(const std::vector<query::LabelName>& names, v1::ListLabelsResponse* out);
void ToProto(const std::vector<query::LabelValue>& values, v1::ListLabelValuesResponse* out);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_SERIES_H_
