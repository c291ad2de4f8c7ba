// Answers queries about one store: selection in, flame graph or folded text out.
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
// Flame graphs that were made before come out of the cache, where the engine has one: the answer is
// the same, but for what it took (Coverage::columns, nodes), which is then 0.
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
#include "query/context.h"
#include "query/explain.h"
#include "query/export.h"
#include "query/flame_graph.h"
#include "query/frame_flags_cache.h"
#include "query/result_cache.h"
#include "query/selected_stacks.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::query {

inline constexpr uint32_t kDefaultMaxNodes = 100'000;
inline constexpr uint32_t kMaxMaxNodes = 5'000'000;

struct FlameGraphOptions {
  // Leaf functions at the root: who calls them, merged.
  bool inverted = false;
  // Boxes narrower than this share of the total are left out. 0 to 1.
  double min_share = 0;
  // At most so many boxes, the root included: the widest. Boxes of equal width are kept or left out
  // together, so that an answer depends on nothing but the samples. 0: kDefaultMaxNodes.
  uint32_t max_nodes = 0;
};

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

  // The samples bucket by bucket; export.h.
  absl::StatusOr<Exporter> OpenExport(const Selection& selection, storage::Level level,
                                      std::string_view cursor, const Context& context) const;

  // Writes the selection as folded text (folded_writer.h): calls `begin` once, then `write` with
  // pieces of at most 1 MiB that break anywhere. Stops at the first error that either returns.
  absl::Status WriteFolded(const Selection& selection, bool inverted, const Context& context,
                           absl::FunctionRef<absl::Status(const Coverage&)> begin,
                           absl::FunctionRef<absl::Status(std::string_view)> write) const;

  // What a query with this selection would read, and why. Reads no pairs.
  absl::StatusOr<Explanation> Explain(const Selection& selection, const Context& context) const;

  // Whether a query takes long (explain.h), as far as the plan tells: a flame graph with
  // `options`, or folded text where that is null. Costs about a millisecond.
  absl::StatusOr<bool> IsLong(const Selection& selection, const FlameGraphOptions* options,
                              const Context& context) const;

  // The series that a selector matches, ordered by profile type, site, labels. The profile type may
  // be left out; an empty selector matches all. None is no error.
  absl::StatusOr<std::vector<storage::SeriesKey>> ListSeries(std::string_view selector) const;

  // The series that a query with this selector reads, by id. Errors: as a query's.
  absl::StatusOr<std::vector<storage::SeriesId>> FindSeries(std::string_view selector) const;

 private:
  const storage::Store* store_;
  mutable FrameFlagsCache frame_flags_;
  ResultCache* cache_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_ENGINE_H_
