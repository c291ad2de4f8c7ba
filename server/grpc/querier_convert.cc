#include "server/grpc/querier_convert.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/querier_selector.h"
#include "storage/profile_type.h"

namespace flamekeep::server {

namespace {

namespace pyroscope = querier::v1;

// One expression for the names, which match whole, and the expressions.
template <typename Names, typename Regexes>
std::string AnyOf(const Names& names, const Regexes& regexes) {
  std::string any;
  const auto add = [&any](std::string_view one) {
    any += any.empty() ? "(?:" : "|(?:";
    any += one;
    any += ')';
  };
  for (const std::string& name : names) add("^" + RE2::QuoteMeta(name) + "$");
  for (const std::string& regex : regexes) add(regex);
  return any;
}

absl::Status SetFilter(const pyroscope::StackTraceSelector& asked, v1::FrameFilter* out) {
  if (asked.call_site_size() > 0) {
    return absl::UnimplementedError(
        "a call site can not be asked for: use a frame filter, or `focus` of "
        "flamekeep.v1.QueryService");
  }
  const pyroscope::FrameFilter& filter = asked.frame_filter();
  const std::string include = AnyOf(filter.include_names(), filter.include_regexes());
  const std::string exclude = AnyOf(filter.exclude_names(), filter.exclude_regexes());
  if (!include.empty()) out->add_keep()->set_function(include);
  if (!exclude.empty()) out->add_drop()->set_function(exclude);
  return absl::OkStatus();
}

// False where no series can match.
template <typename Asked>
absl::StatusOr<bool> SetSelection(const Asked& asked, v1::Selection* out) {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::optional<std::string> selector,
                             SelectorFromPyroscope(asked.profile_typeid(), asked.label_selector()));
  if (!selector.has_value()) return false;
  out->set_selector(*std::move(selector));
  *out->mutable_range()->mutable_begin() = ToProto(absl::FromUnixMillis(asked.start()));
  *out->mutable_range()->mutable_end() = ToProto(absl::FromUnixMillis(asked.end()));
  FLAMEKEEP_RETURN_IF_ERROR(SetFilter(asked.stack_trace_selector(), out->mutable_filter()));
  return true;
}

uint32_t NodesOf(const pyroscope::SelectMergeStacktracesRequest& asked) {
  const int64_t nodes = asked.max_nodes() <= 0 ? kDefaultPyroscopeNodes : asked.max_nodes();
  return static_cast<uint32_t>(std::min(nodes, kMaxPyroscopeNodes));
}

absl::Status CheckPyroscopeFormat(const pyroscope::SelectMergeStacktracesRequest& asked) {
  if (asked.format() == pyroscope::PROFILE_FORMAT_UNSPECIFIED ||
      asked.format() == pyroscope::PROFILE_FORMAT_FLAMEGRAPH) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(
      "only flame graphs can be asked for: leave `format` out, or use PROFILE_FORMAT_FLAMEGRAPH");
}

v1::Step StepOf(const pyroscope::SelectSeriesRequest& asked) {
  constexpr double kSecondsPerMinute = 60;
  constexpr double kMillisecondsPerMinute = 60'000;
  constexpr double kMaxPoints = 10'000;
  constexpr double kMaxCount = 100'000;
  // Not finer than what can be told, nor more points than that.
  const double range = static_cast<double>(asked.end()) - static_cast<double>(asked.start());
  const double least = std::ceil(range / kMillisecondsPerMinute / kMaxPoints);
  const double wanted =
      std::isfinite(asked.step()) ? std::ceil(asked.step() / kSecondsPerMinute) : 1;
  v1::Step step;
  step.set_unit(v1::LEVEL_MINUTE);
  step.set_count(static_cast<uint32_t>(std::clamp(std::max(wanted, least), 1.0, kMaxCount)));
  return step;
}

int64_t Clamped(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
}

// Where boxes stand, row by row, on one side of a graph. Boxes come in preorder.
class RowPlaces {
 public:
  // The distance of a box from the end of the one before it in its row.
  int64_t Add(size_t depth, uint64_t total) {
    if (next_.size() < depth + 2) {
      next_.resize(depth + 2);
      end_.resize(depth + 2);
    }
    const uint64_t left = next_[depth];
    const int64_t distance = Clamped(left - end_[depth]);
    end_[depth] = left + total;
    next_[depth] = left + total;
    next_[depth + 1] = left;
    return distance;
  }

 private:
  std::vector<uint64_t> next_;  // by depth: where the next child of the open box begins
  std::vector<uint64_t> end_;   // by depth: of the last box
};

// Pyroscope's root has a name of its own.
constexpr char kPyroscopeRoot[] = "total";

// The name of a box; that of the root stands first.
int64_t PyroscopeName(int box, uint32_t name) { return box == 0 ? 0 : int64_t{name} + 1; }

template <typename Names, typename Out>
void CopyNames(const Names& names, Out* out) {
  out->add_names(kPyroscopeRoot);
  for (const std::string& name : names) out->add_names(name);
}

template <typename Out>
pyroscope::Level* LevelAt(uint32_t depth, Out* out) {
  while (out->levels_size() <= static_cast<int>(depth)) out->add_levels();
  return out->mutable_levels(static_cast<int>(depth));
}

void AddPair(std::string_view name, std::string_view value,
             google::protobuf::RepeatedPtrField<pyroscope::LabelPair>* out) {
  pyroscope::LabelPair* pair = out->Add();
  pair->set_name(std::string(name));
  pair->set_value(std::string(value));
}

// The labels of the series that are asked for.
absl::StatusOr<std::vector<std::map<std::string, std::string>>> MatchingLabels(
    const google::protobuf::RepeatedPtrField<std::string>& matchers,
    const std::vector<storage::SeriesKey>& series) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const AnySelector any,
                             AnySelector::Parse({matchers.begin(), matchers.end()}));
  std::vector<std::map<std::string, std::string>> labels;
  for (const storage::SeriesKey& key : series) {
    if (any.Matches(key)) labels.push_back(PyroscopeLabels(key));
  }
  return labels;
}

}  // namespace

absl::StatusOr<std::optional<v1::FlameGraphRequest>> ToFlameGraph(
    const pyroscope::SelectMergeStacktracesRequest& asked) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckPyroscopeFormat(asked));
  v1::FlameGraphRequest out;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool can_match, SetSelection(asked, out.mutable_selection()));
  if (!can_match) return std::nullopt;
  out.set_max_nodes(NodesOf(asked));
  return out;
}

absl::StatusOr<std::optional<v1::DiffRequest>> ToDiff(const pyroscope::DiffRequest& asked) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckPyroscopeFormat(asked.left()));
  FLAMEKEEP_RETURN_IF_ERROR(CheckPyroscopeFormat(asked.right()));
  v1::DiffRequest out;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool left, SetSelection(asked.left(), out.mutable_baseline()));
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool right,
                             SetSelection(asked.right(), out.mutable_selection()));
  if (!left || !right) return std::nullopt;
  out.set_limit(1);
  out.set_tree(true);
  out.set_max_nodes(std::max(NodesOf(asked.left()), NodesOf(asked.right())));
  return out;
}

absl::StatusOr<std::optional<v1::RenderRequest>> ToRender(
    const pyroscope::SelectMergeProfileRequest& asked) {
  v1::RenderRequest out;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool can_match, SetSelection(asked, out.mutable_selection()));
  if (!can_match) return std::nullopt;
  out.set_format(v1::RENDER_FORMAT_PPROF);
  return out;
}

absl::StatusOr<std::optional<v1::SeriesRequest>> ToSeries(
    const pyroscope::SelectSeriesRequest& asked) {
  constexpr double kMaxGroupPoints = 1'000'000;
  constexpr int64_t kMaxGroups = 1000;
  v1::SeriesRequest out;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool can_match, SetSelection(asked, out.mutable_selection()));
  if (!can_match) return std::nullopt;
  *out.mutable_step() = StepOf(asked);
  constexpr double kMillisecondsPerMinute = 60'000;
  const double points = (static_cast<double>(asked.end()) - static_cast<double>(asked.start())) /
                            kMillisecondsPerMinute / out.step().count() +
                        2;
  const auto most = static_cast<int64_t>(
      std::clamp(kMaxGroupPoints / points, 1.0, static_cast<double>(kMaxGroups)));
  out.set_max_groups(
      static_cast<uint32_t>(asked.limit() <= 0 ? most : std::min<int64_t>(asked.limit(), most)));
  for (const std::string& label : asked.group_by()) {
    if (!label.starts_with("__")) out.add_by(label);
  }
  return out;
}

void FromFlameGraph(const v1::FlameGraphResponse& graph, pyroscope::FlameGraph* out) {
  CopyNames(graph.names(), out);
  RowPlaces places;
  uint64_t max_self = 0;
  for (int i = 0; i < graph.total_size(); ++i) {
    pyroscope::Level* level = LevelAt(graph.depth(i), out);
    level->add_values(places.Add(graph.depth(i), graph.total(i)));
    level->add_values(Clamped(graph.total(i)));
    level->add_values(Clamped(graph.self(i)));
    level->add_values(PyroscopeName(i, graph.name(i)));
    max_self = std::max(max_self, graph.self(i));
  }
  out->set_total(Clamped(graph.total_size() == 0 ? 0 : graph.total(0)));
  out->set_max_self(Clamped(max_self));
}

void FromDiff(const v1::DiffResponse& diff, pyroscope::FlameGraphDiff* out) {
  const v1::DiffResponse::Tree& tree = diff.tree();
  CopyNames(tree.names(), out);
  RowPlaces left;
  RowPlaces right;
  uint64_t max_self = 0;
  for (int i = 0; i < tree.total_size(); ++i) {
    pyroscope::Level* level = LevelAt(tree.depth(i), out);
    level->add_values(left.Add(tree.depth(i), tree.baseline_total(i)));
    level->add_values(Clamped(tree.baseline_total(i)));
    level->add_values(Clamped(tree.baseline_self(i)));
    level->add_values(right.Add(tree.depth(i), tree.total(i)));
    level->add_values(Clamped(tree.total(i)));
    level->add_values(Clamped(tree.self(i)));
    level->add_values(PyroscopeName(i, tree.name(i)));
    max_self = std::max({max_self, tree.baseline_self(i), tree.self(i)});
  }
  if (tree.total_size() > 0) {
    out->set_leftticks(Clamped(tree.baseline_total(0)));
    out->set_rightticks(Clamped(tree.total(0)));
  }
  out->set_total(
      Clamped(static_cast<uint64_t>(out->leftticks()) + static_cast<uint64_t>(out->rightticks())));
  out->set_max_self(Clamped(max_self));
}

void FromSeries(const pyroscope::SelectSeriesRequest& asked, const v1::SeriesResponse& series,
                pyroscope::SelectSeriesResponse* out) {
  const bool average = asked.aggregation() == pyroscope::TIME_SERIES_AGGREGATION_TYPE_AVERAGE;
  const auto milliseconds = [](const google::protobuf::Timestamp& time) {
    constexpr int64_t kMillisecondsPerSecond = 1000;
    constexpr int64_t kNanosPerMillisecond = 1'000'000;
    return time.seconds() * kMillisecondsPerSecond + time.nanos() / kNanosPerMillisecond;
  };
  const auto add = [&](const v1::SeriesGroup& group, bool is_rest) {
    pyroscope::Series* to = out->add_series();
    int own = 0;
    for (const std::string& label : asked.group_by()) {
      if (is_rest) {
        AddPair(label, "(others)", to->mutable_labels());
      } else if (label.starts_with("__")) {
        AddPair(label, label == "__profile_type__" ? asked.profile_typeid() : "",
                to->mutable_labels());
      } else if (own < group.labels_size()) {
        AddPair(label, group.labels(own++), to->mutable_labels());
      }
    }
    for (int i = 0; i < group.totals_size() && i < series.edges_size(); ++i) {
      if (group.totals(i) == 0) continue;
      pyroscope::Point* point = to->add_points();
      const auto total = static_cast<double>(group.totals(i));
      point->set_value(average && group.observations(i) > 0
                           ? total / static_cast<double>(group.observations(i))
                           : total);
      point->set_timestamp(milliseconds(series.edges(i)));
    }
  };
  for (const v1::SeriesGroup& group : series.groups()) {
    if (group.total() > 0) add(group, false);
  }
  // Who asks for the top ones knows that there are others.
  if (series.groups_left_out() > 0 && asked.limit() <= 0) add(series.rest(), true);
}

void FromProfileTypes(const v1::ListProfileTypesResponse& types,
                      pyroscope::ProfileTypesResponse* out) {
  for (const v1::ListProfileTypesResponse::ProfileType& listed : types.profile_types()) {
    const absl::StatusOr<storage::ProfileType> type = storage::ParseProfileType(listed.id());
    if (!type.ok()) continue;
    pyroscope::ProfileType* to = out->add_profile_types();
    to->set_id(listed.id());
    to->set_name(type->name);
    to->set_sample_type(type->type);
    to->set_sample_unit(type->unit);
    to->set_period_type(type->period_type);
    to->set_period_unit(type->period_unit);
  }
}

std::vector<storage::SeriesKey> SeriesFromProto(const v1::ListSeriesResponse& list) {
  std::vector<storage::SeriesKey> series;
  series.reserve(static_cast<size_t>(list.series_size()));
  for (const v1::ListSeriesResponse::Series& one : list.series()) {
    storage::SeriesKey& key = series.emplace_back();
    key.site = one.site();
    key.profile_type = one.profile_type();
    for (const v1::Label& label : one.labels()) {
      key.labels.emplace_back(label.name(), label.value());
    }
  }
  return series;
}

absl::Status FromListed(const pyroscope::LabelNamesRequest& asked,
                        const std::vector<storage::SeriesKey>& series,
                        pyroscope::LabelNamesResponse* out) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto matching, MatchingLabels(asked.matchers(), series));
  std::set<std::string> names;
  for (const auto& labels : matching) {
    for (const auto& [name, value] : labels) names.insert(name);
  }
  for (const std::string& name : names) out->add_names(name);
  return absl::OkStatus();
}

absl::Status FromListed(const pyroscope::LabelValuesRequest& asked,
                        const std::vector<storage::SeriesKey>& series,
                        pyroscope::LabelValuesResponse* out) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto matching, MatchingLabels(asked.matchers(), series));
  std::set<std::string> values;
  for (const auto& labels : matching) {
    const auto found = labels.find(asked.name());
    if (found != labels.end() && !found->second.empty()) values.insert(found->second);
  }
  for (const std::string& value : values) out->add_names(value);
  return absl::OkStatus();
}

absl::Status FromListed(const pyroscope::SeriesRequest& asked,
                        const std::vector<storage::SeriesKey>& series,
                        pyroscope::SeriesResponse* out) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto matching, MatchingLabels(asked.matchers(), series));
  const std::set<std::string> wanted(asked.label_names().begin(), asked.label_names().end());
  std::set<std::map<std::string, std::string>> told;
  for (std::map<std::string, std::string> labels : matching) {
    if (!wanted.empty()) {
      std::erase_if(labels, [&](const auto& label) { return !wanted.contains(label.first); });
    }
    if (labels.empty() || !told.insert(labels).second) continue;
    pyroscope::Labels* set = out->add_labels_set();
    for (const auto& [name, value] : labels) AddPair(name, value, set->mutable_labels());
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::server
