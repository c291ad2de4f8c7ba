// Between the messages of Pyroscope's querier.v1 and those of flamekeep.v1. Pure functions.
//
// Errors: INVALID_ARGUMENT, and UNIMPLEMENTED for what can not be answered.
#ifndef FLAMEKEEP_SERVER_GRPC_QUERIER_CONVERT_H_
#define FLAMEKEEP_SERVER_GRPC_QUERIER_CONVERT_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "compat/querier.pb.h"
#include "flamekeep/v1/query.pb.h"
#include "storage/registry.h"

namespace flamekeep::server {

// At most so many boxes of a graph, whatever is asked for: they are all drawn.
inline constexpr int64_t kMaxPyroscopeNodes = 100'000;
inline constexpr int64_t kDefaultPyroscopeNodes = 8192;

// Questions; nothing where no series can match.
absl::StatusOr<std::optional<v1::FlameGraphRequest>> ToFlameGraph(
    const querier::v1::SelectMergeStacktracesRequest& asked);
absl::StatusOr<std::optional<v1::DiffRequest>> ToDiff(const querier::v1::DiffRequest& asked);
absl::StatusOr<std::optional<v1::RenderRequest>> ToRender(
    const querier::v1::SelectMergeProfileRequest& asked);
absl::StatusOr<std::optional<v1::SeriesRequest>> ToSeries(
    const querier::v1::SelectSeriesRequest& asked);

// Answers.
void FromFlameGraph(const v1::FlameGraphResponse& graph, querier::v1::FlameGraph* out);
void FromDiff(const v1::DiffResponse& diff, querier::v1::FlameGraphDiff* out);
void FromSeries(const querier::v1::SelectSeriesRequest& asked, const v1::SeriesResponse& series,
                querier::v1::SelectSeriesResponse* out);
void FromProfileTypes(const v1::ListProfileTypesResponse& types,
                      querier::v1::ProfileTypesResponse* out);

// Of ListSeries, those that are asked for.
std::vector<storage::SeriesKey> SeriesFromProto(const v1::ListSeriesResponse& list);
absl::Status FromListed(const querier::v1::LabelNamesRequest& asked,
                        const std::vector<storage::SeriesKey>& series,
                        querier::v1::LabelNamesResponse* out);
absl::Status FromListed(const querier::v1::LabelValuesRequest& asked,
                        const std::vector<storage::SeriesKey>& series,
                        querier::v1::LabelValuesResponse* out);
absl::Status FromListed(const querier::v1::SeriesRequest& asked,
                        const std::vector<storage::SeriesKey>& series,
                        querier::v1::SeriesResponse* out);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_QUERIER_CONVERT_H_
