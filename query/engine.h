// Answers queries about one store: selection in, flame graph, table or folded text out.
//
//   Engine engine(&store);
//   FLAMEKEEP_ASSIGN_OR_RETURN(
//       const FlameGraph graph,
//       engine.MakeFlameGraph({.selector = "excimer-wall", .begin = monday, .end = friday},
//                             {.min_share = 0.001}, context));
//   WriteSvg(graph, {.title = "eqiad"}, context);  // svg_writer.h
//
// All totals are exact; only drawing leaves boxes out, and says how many. Each call reads one
// snapshot of the store, so its numbers belong together.
//
// Graphs, tables and series that were made before come out of the cache, where the engine has one:
// the answer is the same, but for what it took (Coverage::columns, nodes), which is then 0. Made
// anew are comparisons, diffs, exports and folded text.
//
// Thread safety: all methods. The store and the cache must outlive the engine.
// Errors: INVALID_ARGUMENT (selector, options or range), and of what takes a context NOT_FOUND (no
// such profile type or site; the message lists what there is), DEADLINE_EXCEEDED, CANCELLED,
// RESOURCE_EXHAUSTED (the memory budget of the context), DATA_LOSS.
#ifndef FLAMEKEEP_QUERY_ENGINE_H_
#define FLAMEKEEP_QUERY_ENGINE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "query/compare.h"
#include "query/context.h"
#include "query/diff.h"
#include "query/draw_columns.h"
#include "query/explain.h"
#include "query/export.h"
#include "query/flame_graph.h"
#include "query/frame_flags_cache.h"
#include "query/heat_map.h"
#include "query/repeats.h"
#include "query/result_cache.h"
#include "query/sandwich.h"
#include "query/selected_stacks.h"
#include "query/time_series.h"
#include "query/top.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::query {

class Engine {
 public:
  // Not owned; `cache` may be null.
  explicit Engine(const storage::Store* store, ResultCache* cache = nullptr)
      : store_(store), cache_(cache) {}

  absl::StatusOr<FlameGraph> MakeFlameGraph(const Selection& selection,
                                            const FlameGraphOptions& options,
                                            const Context& context) const;

  // The graph with nothing left out: for exact encoders (encoders.h). `view` names the format, in
  // the answer's version.
  absl::StatusOr<FlameGraph> MakeWholeGraph(const Selection& selection, std::string_view view,
                                            const Context& context) const;

  // The functions of the selection: the widest, or those that match. Of `options` INVALID_ARGUMENT.
  absl::StatusOr<TopTable> MakeTop(const Selection& selection, const TopOptions& options,
                                   const Context& context) const;

  // A function between its callers and its callees. One that nobody calls is no error.
  absl::StatusOr<Sandwich> MakeSandwich(const Selection& selection, const SandwichOptions& options,
                                        const Context& context) const;

  // The selection, or a function in it, across the values of a label. NOT_FOUND also where no
  // series of the selection has it.
  absl::StatusOr<Comparison> Compare(const Selection& selection, const CompareOptions& options,
                                     const Context& context) const;

  // The samples bucket by bucket; export.h.
  absl::StatusOr<Exporter> OpenExport(const Selection& selection, storage::Level level,
                                      std::string_view cursor, const Context& context) const;

  // Writes the selection as folded text (folded_writer.h): calls `begin` once, then `write` with
  // pieces of at most 1 MiB that break anywhere. Stops at the first error that either returns.
  absl::Status WriteFolded(const Selection& selection, bool inverted, const Context& context,
                           absl::FunctionRef<absl::Status(const Coverage&)> begin,
                           absl::FunctionRef<absl::Status(std::string_view)> write) const;

  // Compares a selection with a baseline (diff.h). Reads both twice where stacks are asked for.
  absl::StatusOr<Diff> MakeDiff(const Selection& baseline, const Selection& selection,
                                const DiffOptions& options, const Context& context) const;
  // Whether that takes long, as IsLong().
  absl::StatusOr<bool> DiffIsLong(const Selection& baseline, const Selection& selection,
                                  const Context& context) const;

  // Samples, or a function's, over time (time_series.h). Errors also: INVALID_ARGUMENT for a step
  // that gives too many points.
  absl::StatusOr<SeriesAnswer> MakeSeries(const Selection& selection, const SeriesOptions& options,
                                          const Context& context) const;

  // The same by day and hour (heat_map.h); `function` may be empty. Errors also: INVALID_ARGUMENT
  // for more than kMaxHeatMapDays.
  absl::StatusOr<HeatMap> MakeHeatMap(const Selection& selection, const FrameMatcher& function,
                                      const Context& context) const;

  // What an answer with this view stands on, with its version, and without sums: for who has the
  // answer already. Reads no more than the columns' headers, and nothing where the cache knows
  // them.
  absl::StatusOr<Coverage> CoverageOf(const Selection& selection, std::string_view view,
                                      const Context& context) const;
  // The views of WriteFolded() and MakeWholeGraph(); GraphView() is that of MakeFlameGraph().
  static std::string FoldedView(bool inverted);
  static std::string WholeView(std::string_view view);

  // What a query with this selection would read, and why. Reads no pairs.
  absl::StatusOr<Explanation> Explain(const Selection& selection, const Context& context) const;

  // Whether a query takes long (explain.h), as far as the plan tells. `view`: of what may be kept
  // (GraphView(), TopView(), ...); empty where nothing is. Costs about a millisecond.
  absl::StatusOr<bool> IsLong(const Selection& selection, std::string_view view,
                              const Context& context) const;
  // The same of a flame graph with `options`, or of folded text where that is null.
  absl::StatusOr<bool> IsLong(const Selection& selection, const FlameGraphOptions* options,
                              const Context& context) const;

  // The same of series and heat maps.
  absl::StatusOr<bool> SeriesIsLong(const Selection& selection, const SeriesOptions& options,
                                    const Context& context) const;
  absl::StatusOr<bool> HeatMapIsLong(const Selection& selection, const FrameMatcher& function,
                                     const Context& context) const;

  // The series that a selector matches, ordered by profile type, site, labels. The profile type may
  // be left out; an empty selector matches all. None is no error.
  absl::StatusOr<std::vector<storage::SeriesKey>> ListSeries(std::string_view selector) const;

  // The series that a query with this selector reads, by id. Errors: as a query's.
  absl::StatusOr<std::vector<storage::SeriesId>> FindSeries(std::string_view selector) const;

 private:
  struct SeriesRequest;
  struct PlannedSeries;

  absl::StatusOr<PlannedSeries> PlanSeries(const Selection& selection, const SeriesRequest& request,
                                           const Context& context) const;
  absl::StatusOr<SeriesAnswer> AnswerSeries(const Selection& selection,
                                            const SeriesRequest& request,
                                            const Context& context) const;
  absl::StatusOr<bool> IsLongSeries(const Selection& selection, const SeriesRequest& request,
                                    const Context& context) const;
  absl::StatusOr<TopTable> SumTop(SelectedStacks* stacks, const TopOptions& options,
                                  std::string_view view, const Context& context) const;

  const storage::Store* store_;
  mutable FrameFlagsCache frame_flags_;
  mutable RepeatTable repeats_;  // of the store's tree
  ResultCache* cache_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_ENGINE_H_
