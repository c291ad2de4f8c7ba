// Between the messages of series.proto and ours. Pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CONVERT_SERIES_H_
#define FLAMEKEEP_SERVER_GRPC_CONVERT_SERIES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "flamekeep/v1/query.pb.h"
#include "flamekeep/v1/series.pb.h"
#include "query/heat_map.h"
#include "query/labels.h"
#include "query/time_series.h"
#include "storage/registry.h"

namespace flamekeep::server {

// Without the selection. Errors: INVALID_ARGUMENT for a function or step that can not be
// understood; what lies inside is the engine's business.
absl::StatusOr<query::SeriesOptions> OptionsOf(const v1::SeriesRequest& request);
// The function, or the empty one. Errors: likewise.
absl::StatusOr<query::FrameMatcher> OptionsOf(const v1::HeatMapRequest& request);

void MoveToProto(const query::SeriesAnswer& answer, v1::SeriesResponse* out);
void MoveToProto(const query::HeatMap& map, v1::HeatMapResponse* out);

// At most so many entries of a list are told.
inline constexpr int kMaxListed = 10'000;

void MoveToProto(std::vector<storage::SeriesKey> series, v1::ListSeriesResponse* out);
void MoveToProto(const std::vector<query::ListedProfileType>& types,
                 v1::ListProfileTypesResponse* out);
void MoveToProto(const std::vector<query::LabelName>& names, v1::ListLabelsResponse* out);
void MoveToProto(const std::vector<query::LabelValue>& values, v1::ListLabelValuesResponse* out);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CONVERT_SERIES_H_
