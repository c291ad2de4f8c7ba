#include "query/selected_stacks.h"

#include <utility>

#include "base/status.h"
#include "query/selector.h"
#include "query/version.h"

namespace flamekeep::query {

absl::StatusOr<SelectedStacks> SelectedStacks::Read(const storage::Store& store,
                                                    const Selection& selection,
                                                    FrameFlagsCache* flags_cache,
                                                    const Context& context) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_ASSIGN_OR_RETURN(const Selector selector, ParseSelector(selection.selector));
  const FrameFilter filter = Normalized(selection.filter);
  FLAMEKEEP_RETURN_IF_ERROR(CompiledFilter::Compile(filter).status());
  FLAMEKEEP_ASSIGN_OR_RETURN(ResolvedSelector resolved,
                             Resolve(selector, store.Series(), store.Sites()));
  SelectedStacks stacks;
  FLAMEKEEP_ASSIGN_OR_RETURN(stacks.snapshot_, store.NewSnapshot());
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const storage::Plan plan,
      stacks.snapshot_->MakePlan(selection.begin, selection.end, std::move(resolved.series)));
  FLAMEKEEP_ASSIGN_OR_RETURN(stacks.columns_, Columns::Read(*stacks.snapshot_, plan, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      storage::Completeness completeness,
      stacks.snapshot_->CompletenessOf(plan, resolved.profile_type, [&](std::string_view site) {
        return selector.MatchesSite(site);
      }));
  stacks.question_ = CanonicalSelector(selector, resolved.profile_type) + FilterName(filter);
  stacks.coverage_ = {
      .requested = {selection.begin, selection.end},
      .covered = {storage::TimeOf(plan.covered.begin), storage::TimeOf(plan.covered.end)},
      .widened = plan.widened,
      .profile_type = std::move(resolved.profile_type),
      .sample_type = std::move(resolved.sample_type),
      .unit = std::move(resolved.unit),
      .final = completeness.final,
      .gaps = std::move(completeness.gaps),
      .columns = stacks.columns_.encoded().size(),
  };
  if (completeness.complete_through_ms.has_value()) {
    stacks.coverage_.complete_through = absl::FromUnixMillis(*completeness.complete_through_ms);
  }
  stacks.encoded_.assign(stacks.columns_.encoded().begin(), stacks.columns_.encoded().end());
  stacks.bytes_ = stacks.columns_.bytes();
  stacks.tree_ = stacks.snapshot_->tree();
  // After the tree: has all its frames.
  const storage::Dictionary& dictionary = store.dictionary();
  stacks.frame_count_ = dictionary.frame_count();
  if (filter.empty()) return stacks;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      FrameFlagsCache::Flags flags,
      flags_cache->Get(
          filter, stacks.frame_count_, [&](storage::FrameId id) { return dictionary.frame(id); },
          context));
  FLAMEKEEP_RETURN_IF_ERROR(stacks.Filter(filter, std::move(flags), context));
  return stacks;
}

absl::Status SelectedStacks::Filter(const FrameFilter& filter, FrameFlagsCache::Flags flags,
                                    const Context& context) {
  for (const std::string_view column : encoded_) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header, storage::DecodeHeader(column));
    digest_ += header.digest;
  }
  StackFilter stack_filter(tree_, std::move(flags), filter, context, bytes_);
  FLAMEKEEP_ASSIGN_OR_RETURN(std::string filtered, stack_filter.Apply(encoded_));
  filtered_ = std::make_unique<const std::string>(std::move(filtered));
  encoded_ = {*filtered_};
  columns_ = Columns();
  tree_ = stack_filter.tree();
  bytes_ = filtered_->size() + stack_filter.tree_bytes();
  return absl::OkStatus();
}

Coverage SelectedStacks::Cover(const storage::ColumnHeader& sum, bool saturated, uint64_t visited,
                               std::string_view view) const {
  Coverage coverage = coverage_;
  coverage.total = sum.total;
  coverage.observations = sum.observations;
  coverage.saturated |= saturated;
  coverage.nodes = visited;
  coverage.version = AnswerVersion(question_ + std::string(view), coverage,
                                   filtered_ != nullptr ? digest_ : sum.digest);
  return coverage;
}

}  // namespace flamekeep::query
