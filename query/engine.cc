#include "query/engine.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "query/columns.h"
#include "query/content.h"
#include "query/fold.h"
#include "query/folded_writer.h"
#include "query/invert.h"
#include "query/layout.h"
#include "query/selector.h"
#include "query/version.h"
#include "storage/snapshot.h"

namespace flamekeep::query {
namespace {

// A selection in one snapshot of a store.
struct Opened {
  std::unique_ptr<storage::Snapshot> snapshot;
  storage::Plan plan;
  std::optional<Columns> columns;  // once ReadColumns() was called
  Coverage coverage;
  std::string question;  // what its version names besides the range: the selector, and the view
};

absl::StatusOr<Opened> Open(const storage::Store& store, const Selection& selection,
                            const Context& context) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_ASSIGN_OR_RETURN(const Selector selector, ParseSelector(selection.selector));
  FLAMEKEEP_ASSIGN_OR_RETURN(ResolvedSelector resolved,
                             Resolve(selector, store.Series(), store.Sites()));
  const auto check = [&context] { return context.Check(); };
  Opened opened;
  FLAMEKEEP_ASSIGN_OR_RETURN(opened.snapshot, store.NewSnapshot());
  FLAMEKEEP_ASSIGN_OR_RETURN(
      opened.plan,
      opened.snapshot->MakePlan(selection.begin, selection.end, std::move(resolved.series), check));
  const storage::Plan& plan = opened.plan;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      storage::Completeness completeness,
      opened.snapshot->CompletenessOf(
          plan, resolved.profile_type,
          [&](std::string_view site) { return selector.MatchesSite(site); }, check));
  opened.question = CanonicalSelector(selector, resolved.profile_type);
  opened.coverage = {
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
    opened.coverage.complete_through = absl::FromUnixMillis(*completeness.complete_through_ms);
  }
  return opened;
}

absl::Status ReadColumns(const Context& context, Opened* opened) {
  if (opened->columns.has_value()) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(opened->columns,
                             Columns::Read(*opened->snapshot, opened->plan, context));
  opened->coverage.columns = opened->columns->encoded().size();
  return absl::OkStatus();
}

// The sum of all columns' headers; they are read where it is not known.
absl::StatusOr<storage::ColumnHeader> ContentOf(ResultCache* cache, const Context& context,
                                                Opened* opened) {
  const std::optional<uint64_t> stamp = opened->snapshot->ContentStamp(opened->plan);
  const CacheKey key = ContentKey(opened->plan, stamp.value_or(0));
  if (stamp.has_value()) {
    if (const auto known = cache->Find<storage::ColumnHeader>(key)) return *known;
  }
  FLAMEKEEP_RETURN_IF_ERROR(ReadColumns(context, opened));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader sum, SumHeaders(*opened->columns));
  if (stamp.has_value()) {
    cache->Insert(key, std::make_shared<const storage::ColumnHeader>(sum), sizeof(sum));
  }
  return sum;
}

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

void AddSums(const storage::ColumnHeader& sum, bool saturated, uint64_t visited, Opened* opened) {
  Coverage& coverage = opened->coverage;
  coverage.total = sum.total;
  coverage.observations = sum.observations;
  coverage.saturated |= saturated;
  coverage.nodes = visited;
  coverage.version = AnswerVersion(opened->question, coverage, sum.digest);
}

uint32_t MaxNodes(const FlameGraphOptions& options) {
  return options.max_nodes != 0 ? options.max_nodes : kDefaultMaxNodes;
}

// The view of a question.
std::string GraphView(const FlameGraphOptions& options) {
  return fmt::format("graph,{},{},{};", options.inverted, options.min_share, MaxNodes(options));
}

uint64_t MemoryBytes(const FlameGraph& graph) {
  uint64_t bytes = sizeof(graph) + graph.size() * (3 * sizeof(uint32_t) + 2 * sizeof(uint64_t));
  for (const auto* table : {&graph.names, &graph.files}) {
    for (const std::string& text : *table) bytes += sizeof(std::string) + text.capacity();
  }
  return bytes;
}

// What was drawn of the same content before, with what is known of the sources now.
absl::StatusOr<FlameGraph> TakeKept(const FlameGraph& kept, const storage::ColumnHeader& content,
                                    const Context& context, Opened* opened) {
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(MemoryBytes(kept)));
  AddSums(content, kept.coverage.saturated, 0, opened);
  FlameGraph graph = kept;
  graph.coverage = std::move(opened->coverage);
  return graph;
}

absl::StatusOr<std::vector<Box>> Fold(Opened& opened, const FlameGraphOptions& options,
                                      const Context& context, FlameGraph* graph) {
  const storage::StackTreeView& tree = opened.snapshot->tree();
  FLAMEKEEP_ASSIGN_OR_RETURN(const Folded folded, FoldColumns(opened.columns->encoded(), tree,
                                                              {.min_share = options.min_share,
                                                               .max_nodes = MaxNodes(options)},
                                                              context, opened.columns->bytes()));
  AddSums(folded.sum, folded.saturated, folded.visited, &opened);
  graph->cut_nodes = folded.visited - folded.nodes.size();
  FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(opened.columns->bytes() +
                                                folded.nodes.capacity() * sizeof(FoldedNode) +
                                                folded.nodes.size() * sizeof(Box)));
  return BoxesOf(folded.nodes, tree, context);
}

absl::StatusOr<std::vector<Box>> Invert(Opened& opened, uint32_t frame_count,
                                        const FlameGraphOptions& options, const Context& context,
                                        FlameGraph* graph) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      Inverted inverted,
      InvertColumns(opened.columns->encoded(), opened.snapshot->tree(), frame_count,
                    {.min_share = options.min_share, .max_nodes = MaxNodes(options)}, context,
                    opened.columns->bytes()));
  AddSums(inverted.sum, inverted.saturated, inverted.visited, &opened);
  graph->cut_nodes = inverted.cut_nodes;
  return std::move(inverted.boxes);
}

// The frames' names are looked up without a check.
absl::Status CheckFrames(absl::Span<const Box> boxes, uint32_t frame_count) {
  for (const Box& box : boxes) {
    if (box.frame >= frame_count) {
      return DataLoss("the dictionary is damaged: a stack has frame {}, it holds {}", box.frame,
                      frame_count);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FlameGraph> Engine::MakeFlameGraph(const Selection& selection,
                                                  const FlameGraphOptions& options,
                                                  const Context& context) const {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(Opened opened, Open(*store_, selection, context));
  opened.question += GraphView(options);
  std::optional<CacheKey> key;
  if (cache_ != nullptr) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader content,
                               ContentOf(cache_, context, &opened));
    key = AnswerKey(opened.question, opened.plan, content);
    const auto kept = cache_->Find<FlameGraph>(*key);
    cache_->CountLookup(kept != nullptr);
    if (kept != nullptr) return TakeKept(*kept, content, context, &opened);
  }
  FLAMEKEEP_RETURN_IF_ERROR(ReadColumns(context, &opened));
  const storage::Dictionary& dictionary = store_->dictionary();
  const uint32_t frame_count = dictionary.frame_count();
  FlameGraph graph;
  graph.inverted = options.inverted;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Box> boxes,
                             options.inverted
                                 ? Invert(opened, frame_count, options, context, &graph)
                                 : Fold(opened, options, context, &graph));
  graph.coverage = std::move(opened.coverage);
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_RETURN_IF_ERROR(CheckFrames(boxes, frame_count));
  FLAMEKEEP_RETURN_IF_ERROR(LayOut(
      boxes, [&](storage::FrameId id) { return dictionary.frame(id); }, context,
      opened.columns->bytes() + boxes.capacity() * sizeof(Box), &graph));
  if (key.has_value()) {
    const uint64_t bytes = MemoryBytes(graph);
    if (cache_->MayKeep(bytes)) {
      cache_->Insert(*key, std::make_shared<const FlameGraph>(graph), bytes);
    }
  }
  return graph;
}

absl::Status Engine::WriteFolded(const Selection& selection, bool inverted, const Context& context,
                                 absl::FunctionRef<absl::Status(const Coverage&)> begin,
                                 absl::FunctionRef<absl::Status(std::string_view)> write) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(Opened opened, Open(*store_, selection, context));
  FLAMEKEEP_RETURN_IF_ERROR(ReadColumns(context, &opened));
  opened.question += fmt::format("folded,{};", inverted);
  const storage::StackTreeView& tree = opened.snapshot->tree();
  const storage::Dictionary& dictionary = store_->dictionary();
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const FrameTexts texts,
      FrameTexts::Make(
          dictionary.frame_count(), [&](storage::FrameId id) { return dictionary.frame(id); },
          context));
  const uint64_t held = opened.columns->bytes() + texts.memory_bytes();
  const auto encoded = opened.columns->encoded();
  if (inverted) {
    CallerGroups groups(tree, static_cast<uint32_t>(texts.ranks().size()), texts.ranks());
    FLAMEKEEP_RETURN_IF_ERROR(groups.Count(encoded, context, held));
    AddSums(groups.sum(), groups.saturated(), groups.visited(), &opened);
    FLAMEKEEP_RETURN_IF_ERROR(begin(opened.coverage));
    return WriteFoldedInverted(encoded, &groups, texts, context, held, write);
  }
  std::vector<Box> boxes;
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const Folded folded, FoldColumns(encoded, tree, {}, context, held));
    FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(
        held + folded.nodes.size() * (sizeof(FoldedNode) + sizeof(Box) + kBytesPerFoldedBox)));
    AddSums(folded.sum, folded.saturated, folded.visited, &opened);
    FLAMEKEEP_ASSIGN_OR_RETURN(boxes, BoxesOf(folded.nodes, tree, context));
  }
  FLAMEKEEP_RETURN_IF_ERROR(CheckFrames(boxes, static_cast<uint32_t>(texts.ranks().size())));
  FLAMEKEEP_RETURN_IF_ERROR(begin(opened.coverage));
  return WriteFoldedBoxes(boxes, texts, context, write);
}

absl::StatusOr<Explanation> Engine::Explain(const Selection& selection,
                                            const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Opened opened, Open(*store_, selection, context));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      Explanation explanation,
      ExplainPlan(*opened.snapshot, opened.plan, store_->Sites(), absl::Now(), context));
  explanation.requested = opened.coverage.requested;
  return explanation;
}

absl::StatusOr<bool> Engine::IsLong(const Selection& selection, const FlameGraphOptions* options,
                                    const Context& context) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(Opened opened, Open(*store_, selection, context));
  if (options != nullptr && cache_ != nullptr) {
    opened.question += GraphView(*options);
    const std::optional<uint64_t> stamp = opened.snapshot->ContentStamp(opened.plan);
    const auto content = stamp.has_value()
                             ? cache_->Find<storage::ColumnHeader>(ContentKey(opened.plan, *stamp))
                             : nullptr;
    if (content != nullptr && cache_->Contains(AnswerKey(opened.question, opened.plan, *content))) {
      return false;
    }
  }
  return IsLongPlan(*opened.snapshot, opened.plan);
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
