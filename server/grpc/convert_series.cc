#include "server/grpc/convert_series.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_function.h"
#include "storage/profile_type.h"

namespace flamekeep::server {
namespace {

void AddPointTo(const query::PointSums& point, bool has_function, v1::SeriesGroup* group) {
  group->add_totals(point.total);
  group->add_observations(point.observations);
  if (!has_function) return;
  group->add_values(point.value);
  group->add_selfs(point.self);
}

void GroupToProto(const query::TimeSeries& series, bool has_function, v1::SeriesGroup* out) {
  for (const std::string& label : series.labels) out->add_labels(label);
  for (const query::PointSums& point : series.points) AddPointTo(point, has_function, out);
  out->set_total(series.sum.total);
  out->set_all_observations(series.sum.observations);
  out->set_value(series.sum.value);
  out->set_self(series.sum.self);
}

v1::HeatCells::State StateToProto(query::CellState state) {
  switch (state) {
    case query::CellState::kOutside:
      return v1::HeatCells::STATE_OUTSIDE;
    case query::CellState::kUnknown:
      return v1::HeatCells::STATE_UNKNOWN;
    case query::CellState::kKnown:
      return v1::HeatCells::STATE_KNOWN;
  }
  return v1::HeatCells::STATE_UNSPECIFIED;
}

void CellsToProto(const std::vector<query::HeatCell>& cells, bool has_function,
                  v1::HeatCells* out) {
  for (const query::HeatCell& cell : cells) {
    out->add_states(StateToProto(cell.state));
    out->add_totals(cell.sums.total);
    out->add_observations(cell.sums.observations);
    if (!has_function) continue;
    out->add_values(cell.sums.value);
    out->add_selfs(cell.sums.self);
  }
}

// Calls `add` with as many as are told, and says how many are not.
template <typename Entry, typename Response, typename Add>
void ListToProto(const std::vector<Entry>& entries, Response* out, const Add& add) {
  const size_t listed = std::min<size_t>(entries.size(), kMaxListed);
  for (size_t i = 0; i < listed; ++i) add(entries[i]);
  out->set_left_out(entries.size() - listed);
}

}  // namespace

absl::StatusOr<query::FrameMatcher> OptionsOf(const v1::HeatMapRequest& request) {
  return FunctionOf(request);
}

absl::StatusOr<query::SeriesOptions> OptionsOf(const v1::SeriesRequest& request) {
  query::SeriesOptions options{.max_points = request.max_points(),
                               .by = {request.by().begin(), request.by().end()},
                               .max_groups = request.max_groups()};
  FLAMEKEEP_ASSIGN_OR_RETURN(options.function, FunctionOf(request));
  if (!request.has_step()) return options;
  if (request.step().unit() == v1::LEVEL_UNSPECIFIED) {
    return InvalidArgument("`step.unit` is not set: use LEVEL_MINUTE to LEVEL_YEAR");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(options.step.level, FromProto(request.step().unit(), "step.unit"));
  options.step.count = std::max<uint32_t>(1, request.step().count());
  return options;
}

void MoveToProto(const query::SeriesAnswer& answer, v1::SeriesResponse* out) {
  *out->mutable_coverage() = ToProto(answer.coverage);
  *out->mutable_stats() = StatsToProto(answer.coverage);
  out->mutable_step()->set_unit(ToProto(answer.step.level));
  out->mutable_step()->set_count(answer.step.count);
  for (const absl::Time edge : answer.edges) *out->add_edges() = ToProto(edge);
  out->set_wide_points(answer.wide_points);
  for (const query::TimeSeries& series : answer.groups) {
    GroupToProto(series, answer.has_function, out->add_groups());
  }
  out->set_groups_left_out(answer.groups_left_out);
  if (answer.rest.has_value()) {
    GroupToProto(*answer.rest, answer.has_function, out->mutable_rest());
  }
}

void MoveToProto(const query::HeatMap& map, v1::HeatMapResponse* out) {
  *out->mutable_coverage() = ToProto(map.coverage);
  *out->mutable_stats() = StatsToProto(map.coverage);
  *out->mutable_first_day() = ToProto(map.first_day);
  CellsToProto(map.days, map.has_function, out->mutable_days());
  CellsToProto(map.hours, map.has_function, out->mutable_hours());
  out->set_unknown_hours(map.unknown_hours);
}

void MoveToProto(std::vector<storage::SeriesKey> series, v1::ListSeriesResponse* out) {
  for (storage::SeriesKey& key : series) {
    v1::ListSeriesResponse::Series* to = out->add_series();
    to->set_profile_type(std::move(key.profile_type));
    to->set_site(std::move(key.site));
    for (auto& [name, value] : key.labels) {
      v1::Label* label = to->add_labels();
      label->set_name(std::move(name));
      label->set_value(std::move(value));
    }
  }
}

void MoveToProto(const std::vector<query::ListedProfileType>& types,
                 v1::ListProfileTypesResponse* out) {
  ListToProto(types, out, [out](const query::ListedProfileType& type) {
    v1::ListProfileTypesResponse::ProfileType* to = out->add_profile_types();
    to->set_id(type.id);
    to->set_name(type.name);
    to->set_series(type.series);
    if (const auto parts = storage::ParseProfileType(type.id); parts.ok()) {
      to->set_unit(parts->unit);
    }
  });
}

void MoveToProto(const std::vector<query::LabelName>& names, v1::ListLabelsResponse* out) {
  ListToProto(names, out, [out](const query::LabelName& name) {
    v1::ListLabelsResponse::Name* to = out->add_labels();
    to->set_name(name.name);
    to->set_values(name.values);
    to->set_series(name.series);
  });
}

void MoveToProto(const std::vector<query::LabelValue>& values, v1::ListLabelValuesResponse* out) {
  ListToProto(values, out, [out](const query::LabelValue& value) {
    v1::ListLabelValuesResponse::Value* to = out->add_values();
    to->set_value(value.value);
    to->set_series(value.series);
  });
}

}  // namespace flamekeep::server
