#include "query/engine.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "query/caller_groups.h"
#include "query/content.h"
#include "query/draw_columns.h"
#include "query/fold.h"
#include "query/folded_writer.h"
#include "query/kept_answer.h"
#include "query/layout.h"
#include "query/selector.h"
#include "query/whole_graph.h"

namespace flamekeep::query {

absl::StatusOr<FlameGraph> Engine::MakeFlameGraph(const Selection& selection,
                                                  const FlameGraphOptions& options,
                                                  const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  const std::string view = GraphView(options);
  const auto make = [&]() -> absl::StatusOr<FlameGraph> {
    FLAMEKEEP_RETURN_IF_ERROR(stacks.Load(&frame_flags_, context));
    const storage::Dictionary& dictionary = store_->dictionary();
    FLAMEKEEP_ASSIGN_OR_RETURN(
        DrawnColumns drawn,
        DrawColumns(
            stacks.encoded(), stacks.tree(), stacks.frame_count(), options,
            [&](storage::FrameId id) { return dictionary.frame(id); }, context, stacks.bytes()));
    drawn.graph.coverage = stacks.Cover(drawn.sum, drawn.saturated, drawn.visited, view);
    return std::move(drawn.graph);
  };
  return KeptAnswer<FlameGraph>(cache_, &stacks, view, context, make);
}

absl::StatusOr<FlameGraph> Engine::MakeWholeGraph(const Selection& selection, std::string_view view,
                                                  const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SelectedStacks stacks,
                             SelectedStacks::Read(*store_, selection, &frame_flags_, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      WholeGraph whole,
      WholeGraphOf(stacks.encoded(), stacks.tree(), store_->dictionary(), context, stacks.bytes()));
  // What laying out has found saturated, too.
  const bool saturated = whole.saturated || whole.graph.coverage.saturated;
  whole.graph.coverage = stacks.Cover(whole.sum, saturated, whole.visited, WholeView(view));
  return std::move(whole.graph);
}

absl::StatusOr<Exporter> Engine::OpenExport(const Selection& selection, storage::Level level,
                                            std::string_view cursor, const Context& context) const {
  return Exporter::Open(store_, &frame_flags_, selection, level, cursor, context);
}

absl::Status Engine::WriteFolded(const Selection& selection, bool inverted, const Context& context,
                                 absl::FunctionRef<absl::Status(const Coverage&)> begin,
                                 absl::FunctionRef<absl::Status(std::string_view)> write) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SelectedStacks stacks,
                             SelectedStacks::Read(*store_, selection, &frame_flags_, context));
  const std::string view = FoldedView(inverted);
  const storage::StackTreeView& tree = stacks.tree();
  const storage::Dictionary& dictionary = store_->dictionary();
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const FrameTexts texts,
      FrameTexts::Make(
          dictionary.frame_count(), [&](storage::FrameId id) { return dictionary.frame(id); },
          context));
  const uint64_t held = stacks.bytes() + texts.memory_bytes();
  const auto encoded = stacks.encoded();
  if (inverted) {
    CallerGroups groups(tree, static_cast<uint32_t>(texts.ranks().size()), texts.ranks());
    FLAMEKEEP_RETURN_IF_ERROR(groups.Count(encoded, context, held));
    FLAMEKEEP_RETURN_IF_ERROR(
        begin(stacks.Cover(groups.sum(), groups.saturated(), groups.visited(), view)));
    return WriteFoldedInverted(encoded, &groups, texts, context, held, write);
  }
  std::vector<Box> boxes;
  Coverage coverage;
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const Folded folded, FoldColumns(encoded, tree, {}, context, held));
    FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(
        held + folded.nodes.size() * (sizeof(FoldedNode) + sizeof(Box) + kBytesPerFoldedBox)));
    coverage = stacks.Cover(folded.sum, folded.saturated, folded.visited, view);
    FLAMEKEEP_ASSIGN_OR_RETURN(boxes, BoxesOf(folded.nodes, tree, context));
  }
  FLAMEKEEP_RETURN_IF_ERROR(CheckFrames(boxes, static_cast<uint32_t>(texts.ranks().size())));
  FLAMEKEEP_RETURN_IF_ERROR(begin(coverage));
  return WriteFoldedBoxes(boxes, texts, context, write);
}

std::string Engine::FoldedView(bool inverted) { return fmt::format("folded,{};", inverted); }

std::string Engine::WholeView(std::string_view view) { return fmt::format("{};", view); }

absl::StatusOr<Coverage> Engine::CoverageOf(const Selection& selection, std::string_view view,
                                            const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader content, stacks.Content(cache_, context));
  return stacks.CoverKept({}, content.digest, view);
}

absl::StatusOr<Explanation> Engine::Explain(const Selection& selection,
                                            const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      Explanation explanation,
      ExplainPlan(stacks.snapshot(), stacks.plan(), store_->Sites(), absl::Now(), context));
  explanation.requested = {selection.begin, selection.end};
  return explanation;
}

absl::StatusOr<bool> Engine::IsLong(const Selection& selection, std::string_view view,
                                    const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  if (!view.empty() && cache_ != nullptr) {
    const auto content = stacks.KnownContent(cache_);
    if (content != nullptr &&
        cache_->Contains(AnswerKey(stacks.Question(view), stacks.plan(), *content))) {
      return false;
    }
  }
  return IsLongPlan(stacks.snapshot(), stacks.plan());
}

absl::StatusOr<bool> Engine::IsLong(const Selection& selection, const FlameGraphOptions* options,
                                    const Context& context) const {
  return IsLong(selection, options != nullptr ? GraphView(*options) : "", context);
}

absl::StatusOr<std::vector<storage::SeriesId>> Engine::FindSeries(
    std::string_view selector_text) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Selector selector, ParseSelector(selector_text));
  FLAMEKEEP_ASSIGN_OR_RETURN(ResolvedSelector resolved,
                             Resolve(selector, store_->Series(), store_->Sites()));
  return std::move(resolved.series);
}

absl::StatusOr<std::vector<storage::SeriesKey>> Engine::ListSeries(
    std::string_view selector_text) const {
  Selector selector;
  if (!selector_text.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(selector, ParseSelector(selector_text));
  }
  const std::string& type = selector.profile_type;
  std::vector<storage::SeriesKey> series = store_->Series();
  if (!series.empty()) series.erase(series.begin());  // id 0 is unused
  std::erase_if(series, [&](const storage::SeriesKey& key) {
    const bool has_type = type.empty() || key.profile_type == type ||
                          key.profile_type.substr(0, key.profile_type.find(':')) == type;
    return !has_type || !selector.Matches(key);
  });
  std::sort(series.begin(), series.end(), [](const auto& a, const auto& b) {
    return std::tie(a.profile_type, a.site, a.labels) < std::tie(b.profile_type, b.site, b.labels);
  });
  return series;
}

}  // namespace flamekeep::query
