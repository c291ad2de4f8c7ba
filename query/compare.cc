#include "query/compare.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/status.h"
#include "query/content.h"
#include "query/quoted_string.h"
#include "query/stack_filter.h"
#include "query/top.h"

namespace flamekeep::query {
namespace {

using storage::ColumnHeader;
using storage::SaturatingAdd;
using storage::SeriesKey;

constexpr std::string_view kSiteLabel = "site";
constexpr size_t kMaxLabelBytes = 256;
constexpr size_t kMaxListedLabels = 20;

std::string_view LabelValueOf(const SeriesKey& key, std::string_view label) {
  if (label == kSiteLabel) return key.site;
  for (const auto& [name, value] : key.labels) {
    if (name == label) return value;
  }
  return "";
}

// The selected series by the label's value.
struct LabelGroups {
  std::vector<std::string> values;
  std::vector<uint32_t> of_series;  // index into values
};

absl::StatusOr<LabelGroups> GroupByLabel(absl::Span<const storage::SeriesId> selected,
                                         absl::Span<const SeriesKey> series,
                                         const std::string& label) {
  std::set<std::string> labels = {std::string(kSiteLabel)};
  std::map<std::string_view, uint32_t> known;
  LabelGroups groups;
  for (const storage::SeriesId id : selected) {
    const SeriesKey& key = series[Raw(id)];
    for (const auto& [name, value] : key.labels) labels.insert(name);
    const auto [group, added] =
        known.try_emplace(LabelValueOf(key, label), static_cast<uint32_t>(groups.values.size()));
    if (added) groups.values.emplace_back(group->first);
    groups.of_series.push_back(group->second);
  }
  if (selected.empty() || labels.contains(label)) return groups;
  std::vector<std::string> listed(labels.begin(), labels.end());
  if (listed.size() > kMaxListedLabels) listed.resize(kMaxListedLabels);
  return Error(absl::StatusCode::kNotFound,
               "no series of the selection has a label {}: compare by one of {}", Printable(label),
               fmt::join(listed, ", "));
}

// What the stacks that hold the function sum up to, group by group.
class FunctionSums {
 public:
  FunctionSums(const SelectedStacks& stacks, const FrameMatcher& function,
               FrameFlagsCache* flags_cache, FrameNames names, const Context& context)
      : stacks_(stacks),
        filter_{.keep = {function}},
        flags_cache_(flags_cache),
        names_(names),
        context_(context) {}

  // Of the group that is loaded.
  absl::StatusOr<ColumnHeader> Sum() {
    // One filter for all groups that share the store's tree: what it finds out about a node holds
    // for all.
    if (!kept_.has_value() || !stacks_.has_stored_tree()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(
          FrameFlagsCache::Flags flags,
          flags_cache_->Get(filter_, stacks_.frame_count(), names_, context_));
      kept_.emplace(stacks_.tree(), std::move(flags), filter_, context_, stacks_.bytes());
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::string column, kept_->Apply(stacks_.encoded()));
    return storage::DecodeHeader(column);
  }

 private:
  const SelectedStacks& stacks_;
  const FrameFilter filter_;
  FrameFlagsCache* const flags_cache_;
  const FrameNames names_;
  const Context& context_;
  std::optional<StackFilter> kept_;
};

// For the version: the same samples may belong to other values.
std::string RowsText(const Comparison& comparison) {
  std::string text = fmt::format("{},{},{};", comparison.rows_left_out, comparison.total_left_out,
                                 comparison.function_total_left_out);
  for (const CompareRow& row : comparison.rows) {
    text += fmt::format("{}:{},{},{},{};", row.value.size(), row.value, row.observations, row.total,
                        row.function_total);
  }
  return text;
}

void SortAndCut(const CompareOptions& options, Comparison* comparison) {
  std::vector<CompareRow>& rows = comparison->rows;
  std::sort(rows.begin(), rows.end(), [](const CompareRow& a, const CompareRow& b) {
    return std::tie(b.total, a.value) < std::tie(a.total, b.value);
  });
  const size_t limit = options.limit != 0 ? options.limit : kDefaultRows;
  bool saturated = false;
  for (size_t i = limit; i < rows.size(); ++i) {
    ++comparison->rows_left_out;
    comparison->total_left_out =
        SaturatingAdd(comparison->total_left_out, rows[i].total, &saturated);
    comparison->function_total_left_out =
        SaturatingAdd(comparison->function_total_left_out, rows[i].function_total, &saturated);
  }
  rows.resize(std::min(limit, rows.size()));
}

}  // namespace

absl::Status CheckOptions(const CompareOptions& options) {
  if (options.label.empty()) {
    return InvalidArgument("`label` is not set: name a label, or site, to compare by");
  }
  if (options.label.size() > kMaxLabelBytes) {
    return InvalidArgument("`label` has {} bytes: at most {} are allowed", options.label.size(),
                           kMaxLabelBytes);
  }
  if (options.limit > kMaxRows) {
    return InvalidArgument("`limit` is {}: at most {} rows can be asked for", options.limit,
                           kMaxRows);
  }
  return options.function.empty() ? absl::OkStatus() : CheckMatcher(options.function, "function");
}

std::string CompareView(const CompareOptions& options) {
  FrameFilter of_function;
  if (!options.function.empty()) of_function.keep = {options.function};
  return fmt::format("compare,{}:{},{},{};", options.label.size(), options.label,
                     options.limit != 0 ? options.limit : kDefaultRows, FilterName(of_function));
}

std::string CompareView(const CompareOptions& options, const Comparison& comparison) {
  return CompareView(options) + RowsText(comparison);
}

uint64_t MemoryBytes(const Comparison& comparison) {
  uint64_t bytes = sizeof(Comparison) + comparison.rows.capacity() * sizeof(CompareRow);
  for (const CompareRow& row : comparison.rows) bytes += row.value.capacity();
  return bytes;
}

absl::StatusOr<Comparison> CompareStacks(SelectedStacks* stacks, absl::Span<const SeriesKey> series,
                                         const CompareOptions& options,
                                         FrameFlagsCache* flags_cache, FrameNames names,
                                         const Context& context) {
  FLAMEKEEP_ASSIGN_OR_RETURN(LabelGroups groups,
                             GroupByLabel(stacks->plan().series, series, options.label));
  FunctionSums function_sums(*stacks, options.function, flags_cache, names, context);
  Comparison comparison;
  ColumnHeader sum;
  const auto add_row = [&](uint32_t group) -> absl::Status {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnHeader header, SumHeaders(stacks->encoded()));
    storage::AddHeader(header, &sum);
    if (header.total == 0 && header.observations == 0) return absl::OkStatus();
    CompareRow row = {.value = std::move(groups.values[group]),
                      .observations = header.observations,
                      .total = header.total,
                      .function_total = header.total};
    if (!options.function.empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnHeader of_function, function_sums.Sum());
      row.function_total = of_function.total;
      sum.saturated |= of_function.saturated;
    }
    comparison.rows.push_back(std::move(row));
    return context.CheckMemory(stacks->bytes() + MemoryBytes(comparison));
  };
  FLAMEKEEP_RETURN_IF_ERROR(stacks->LoadGroups(groups.of_series, flags_cache, context, add_row));
  SortAndCut(options, &comparison);
  comparison.coverage =
      stacks->Cover(sum, sum.saturated, /*visited=*/0, CompareView(options, comparison));
  comparison.digest = stacks->StoredDigest(sum);
  return comparison;
}

}  // namespace flamekeep::query
