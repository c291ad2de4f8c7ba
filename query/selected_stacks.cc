#include "query/selected_stacks.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/status.h"
#include "query/content.h"
#include "query/selector.h"
#include "query/version.h"

namespace flamekeep::query {

absl::StatusOr<SelectedStacks> SelectedStacks::Open(const storage::Store& store,
                                                    const Selection& selection,
                                                    const Context& context) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_ASSIGN_OR_RETURN(const Selector selector, ParseSelector(selection.selector));
  SelectedStacks stacks;
  stacks.filter_ = Normalized(selection.filter);
  FLAMEKEEP_RETURN_IF_ERROR(CompiledFilter::Compile(stacks.filter_).status());
  FLAMEKEEP_ASSIGN_OR_RETURN(ResolvedSelector resolved,
                             Resolve(selector, store.Series(), store.Sites()));
  const auto check = [&context] { return context.Check(); };
  stacks.dictionary_ = &store.dictionary();
  FLAMEKEEP_ASSIGN_OR_RETURN(stacks.snapshot_, store.NewSnapshot());
  FLAMEKEEP_ASSIGN_OR_RETURN(stacks.plan_,
                             stacks.snapshot_->MakePlan(selection.begin, selection.end,
                                                        std::move(resolved.series), check));
  const storage::Plan& plan = stacks.plan_;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      storage::Completeness completeness,
      stacks.snapshot_->CompletenessOf(
          plan, resolved.profile_type,
          [&](std::string_view site) { return selector.MatchesSite(site); }, check));
  stacks.question_ =
      CanonicalSelector(selector, resolved.profile_type) + FilterName(stacks.filter_);
  stacks.coverage_ = {
      .requested = {selection.begin, selection.end},
      .covered = {storage::TimeOf(plan.covered.begin), storage::TimeOf(plan.covered.end)},
      .widened = plan.widened,
      .profile_type = std::move(resolved.profile_type),
      .sample_type = std::move(resolved.sample_type),
      .unit = std::move(resolved.unit),
      .final = completeness.final,
      .gaps = std::move(completeness.gaps),
  };
  if (completeness.complete_through_ms.has_value()) {
    stacks.coverage_.complete_through = absl::FromUnixMillis(*completeness.complete_through_ms);
  }
  return stacks;
}

absl::StatusOr<SelectedStacks> SelectedStacks::Read(const storage::Store& store,
                                                    const Selection& selection,
                                                    FrameFlagsCache* flags,
                                                    const Context& context) {
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks, Open(store, selection, context));
  FLAMEKEEP_RETURN_IF_ERROR(stacks.Load(flags, context));
  return stacks;
}

std::shared_ptr<const storage::ColumnHeader> SelectedStacks::KnownContent(
    ResultCache* cache) const {
  const std::optional<uint64_t> stamp = snapshot_->ContentStamp(plan_);
  if (!stamp.has_value()) return nullptr;
  return cache->Find<storage::ColumnHeader>(ContentKey(plan_, *stamp));
}

absl::StatusOr<storage::ColumnHeader> SelectedStacks::Content(ResultCache* cache,
                                                              const Context& context) {
  if (cache != nullptr) {
    if (const auto known = KnownContent(cache)) return *known;
  }
  FLAMEKEEP_RETURN_IF_ERROR(ReadColumns(context));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader sum, SumHeaders(columns_->encoded()));
  if (cache == nullptr) return sum;
  if (const std::optional<uint64_t> stamp = snapshot_->ContentStamp(plan_)) {
    cache->Insert(ContentKey(plan_, *stamp), std::make_shared<const storage::ColumnHeader>(sum),
                  sizeof(sum));
  }
  return sum;
}

absl::Status SelectedStacks::ReadColumns(const Context& context) {
  if (columns_.has_value()) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(columns_, Columns::Read(*snapshot_, plan_, context));
  coverage_.columns = columns_->encoded().size();
  return absl::OkStatus();
}

absl::Status SelectedStacks::Prepare(const Context& context) {
  FLAMEKEEP_RETURN_IF_ERROR(ReadColumns(context));
  bytes_ = columns_->bytes();
  tree_ = snapshot_->tree();
  // After the tree: has all its frames.
  frame_count_ = dictionary_->frame_count();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<StackFilter>> SelectedStacks::MakeFilter(
    FrameFlagsCache* flags_cache, const Context& context) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader stored, SumHeaders(columns_->encoded()));
  digest_ = stored.digest;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      FrameFlagsCache::Flags flags,
      flags_cache->Get(
          filter_, frame_count_, [&](storage::FrameId id) { return dictionary_->frame(id); },
          context));
  return std::make_unique<StackFilter>(tree_, std::move(flags), filter_, context, bytes_);
}

absl::Status SelectedStacks::Filter(absl::Span<const std::string_view> columns,
                                    StackFilter* filter) {
  tree_ = {};  // else the filter would copy it
  FLAMEKEEP_ASSIGN_OR_RETURN(std::string filtered, filter->Apply(columns));
  filtered_ = std::make_unique<const std::string>(std::move(filtered));
  encoded_ = {*filtered_};
  tree_ = filter->tree();
  tree_is_stored_ = !filter->moves();
  return absl::OkStatus();
}

absl::Status SelectedStacks::Load(FrameFlagsCache* flags, const Context& context) {
  FLAMEKEEP_RETURN_IF_ERROR(Prepare(context));
  if (filter_.empty()) {
    encoded_.assign(columns_->encoded().begin(), columns_->encoded().end());
    return absl::OkStatus();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto filter, MakeFilter(flags, context));
  FLAMEKEEP_RETURN_IF_ERROR(Filter(columns_->encoded(), filter.get()));
  columns_ = Columns();
  bytes_ = filtered_->size() + filter->tree_bytes();
  return absl::OkStatus();
}

absl::Status SelectedStacks::LoadGroups(absl::Span<const uint32_t> group_of, FrameFlagsCache* flags,
                                        const Context& context,
                                        absl::FunctionRef<absl::Status(uint32_t)> visit) {
  FLAMEKEEP_RETURN_IF_ERROR(Prepare(context));
  std::map<uint32_t, std::vector<std::string_view>> groups;
  for (size_t i = 0; i < columns_->encoded().size(); ++i) {
    const auto place =
        std::lower_bound(plan_.series.begin(), plan_.series.end(), columns_->series()[i]);
    groups[group_of[static_cast<size_t>(place - plan_.series.begin())]].push_back(
        columns_->encoded()[i]);
  }
  std::unique_ptr<StackFilter> filter;
  if (!filter_.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(filter, MakeFilter(flags, context));
  }
  const uint64_t held = bytes_ + columns_->encoded().size() * sizeof(std::string_view);
  for (auto& [group, columns] : groups) {
    FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (filter == nullptr) {
      bytes_ = held;
      encoded_ = std::move(columns);
    } else {
      FLAMEKEEP_RETURN_IF_ERROR(Filter(columns, filter.get()));
      bytes_ = held + filtered_->size() + filter->memory_bytes();
    }
    FLAMEKEEP_RETURN_IF_ERROR(visit(group));
  }
  return absl::OkStatus();
}

Coverage SelectedStacks::Cover(const storage::ColumnHeader& sum, bool saturated, uint64_t visited,
                               std::string_view view) const {
  Coverage coverage = coverage_;
  coverage.total = sum.total;
  coverage.observations = sum.observations;
  coverage.saturated |= saturated;
  coverage.nodes = visited;
  coverage.version =
      AnswerVersion(Question(view), coverage, filtered_ != nullptr ? digest_ : sum.digest);
  return coverage;
}

Coverage SelectedStacks::CoverKept(const Coverage& kept, storage::Digest digest,
                                   std::string_view view) const {
  Coverage coverage = coverage_;
  coverage.total = kept.total;
  coverage.observations = kept.observations;
  coverage.saturated = kept.saturated;
  coverage.version = AnswerVersion(Question(view), coverage, digest);
  return coverage;
}

}  // namespace flamekeep::query
