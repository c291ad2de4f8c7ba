#include "query/engine.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "query/content.h"
#include "query/fold.h"
#include "query/folded_writer.h"
#include "query/invert.h"
#include "query/layout.h"
#include "query/selector.h"
#include "query/whole_graph.h"

namespace flamekeep::query {
namespace {

absl::Status CheckOptions(const FlameGraphOptions& options) {
  if (!(options.min_share >= 0 && options.min_share <= 1)) {
    return InvalidArgument("min_share is {}: it is a share of the total, from 0 to 1",
                           options.min_share);
  }
  if (options.max_nodes > kMaxMaxNodes) {
    return InvalidArgument("max_nodes is {}: at most {} can be asked for", options.max_nodes,
                           kMaxMaxNodes);
  }
  return absl::OkStatus();
}

uint32_t MaxNodes(const FlameGraphOptions& options) {
  return options.max_nodes != 0 ? options.max_nodes : kDefaultMaxNodes;
}

// The view of a question.
std::string GraphView(const FlameGraphOptions& options) {
  return fmt::format("graph,{},{},{};", options.inverted, options.min_share, MaxNodes(options));
}

absl::StatusOr<std::vector<Box>> Fold(const SelectedStacks& stacks,
                                      const FlameGraphOptions& options, const Context& context,
                                      FlameGraph* graph) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Folded folded, FoldColumns(stacks.encoded(), stacks.tree(),
                                                              {.min_share = options.min_share,
                                                               .max_nodes = MaxNodes(options)},
                                                              context, stacks.bytes()));
  graph->coverage = stacks.Cover(folded.sum, folded.saturated, folded.visited, GraphView(options));
  graph->cut_nodes = folded.visited - folded.nodes.size();
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(stacks.bytes() +
                                                folded.nodes.capacity() * sizeof(FoldedNode) +
                                                folded.nodes.size() * sizeof(Box)));
  return BoxesOf(folded.nodes, stacks.tree(), context);
}

absl::StatusOr<std::vector<Box>> Invert(const SelectedStacks& stacks,
                                        const FlameGraphOptions& options, const Context& context,
                                        FlameGraph* graph) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      Inverted inverted,
      InvertColumns(stacks.encoded(), stacks.tree(), stacks.frame_count(),
                    {.min_share = options.min_share, .max_nodes = MaxNodes(options)}, context,
                    stacks.bytes()));
  graph->coverage =
      stacks.Cover(inverted.sum, inverted.saturated, inverted.visited, GraphView(options));
  graph->cut_nodes = inverted.cut_nodes;
  return std::move(inverted.boxes);
}

}  // namespace

absl::StatusOr<FlameGraph> Engine::MakeFlameGraph(const Selection& selection,
                                                  const FlameGraphOptions& options,
                                                  const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  std::optional<CacheKey> key;
  if (cache_ != nullptr) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader content,
                               stacks.Content(cache_, context));
    key = AnswerKey(stacks.Question(GraphView(options)), stacks.plan(), content);
    const auto kept = cache_->Find<FlameGraph>(*key);
    cache_->CountLookup(kept != nullptr);
    if (kept != nullptr) {
      // With what is known of the sources now.
      FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(MemoryBytes(*kept)));
      FlameGraph graph = *kept;
      graph.coverage = stacks.CoverKept(kept->coverage, content.digest, GraphView(options));
      return graph;
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(stacks.Load(&frame_flags_, context));
  const storage::Dictionary& dictionary = store_->dictionary();
  FlameGraph graph;
  graph.inverted = options.inverted;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Box> boxes,
                             options.inverted ? Invert(stacks, options, context, &graph)
                                              : Fold(stacks, options, context, &graph));
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_RETURN_IF_ERROR(CheckFrames(boxes, stacks.frame_count()));
  FLAMEKEEP_RETURN_IF_ERROR(LayOut(
      boxes, [&](storage::FrameId id) { return dictionary.frame(id); }, context,
      stacks.bytes() + boxes.capacity() * sizeof(Box), &graph));
  if (key.has_value()) {
    const uint64_t bytes = MemoryBytes(graph);
    if (cache_->MayKeep(bytes)) {
      cache_->Insert(*key, std::make_shared<const FlameGraph>(graph), bytes);
    }
  }
  return graph;
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
  whole.graph.coverage =
      stacks.Cover(whole.sum, saturated, whole.visited, fmt::format("{};", view));
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
  const std::string view = fmt::format("folded,{};", inverted);
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

absl::StatusOr<bool> Engine::IsLong(const Selection& selection, const FlameGraphOptions* options,
                                    const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SelectedStacks stacks,
                             SelectedStacks::Open(*store_, selection, context));
  if (options != nullptr && cache_ != nullptr) {
    const auto content = stacks.KnownContent(cache_);
    if (content != nullptr && cache_->Contains(AnswerKey(stacks.Question(GraphView(*options)),
                                                         stacks.plan(), *content))) {
      return false;
    }
  }
  return IsLongPlan(stacks.snapshot(), stacks.plan());
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
