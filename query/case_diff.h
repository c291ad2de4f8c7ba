// The difference of two selections in golden cases. A part of case_test.cc.
#ifndef FLAMEKEEP_QUERY_CASE_DIFF_H_
#define FLAMEKEEP_QUERY_CASE_DIFF_H_

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "query/diff.h"
#include "query/engine.h"

namespace flamekeep::query {

inline std::string_view CaseVerdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNotEnoughData:
      return "not enough data";
    case Verdict::kWithinNoise:
      return "within noise";
    case Verdict::kBeyondNoise:
      return "beyond noise";
  }
  return "";
}

// "12 -> 34, +5.00 points, beyond noise (p 0.001)".
inline std::string CaseCompared(uint64_t baseline, uint64_t value, const ShareDifference& share,
                                Verdict verdict) {
  std::string text = fmt::format("{} -> {}, {:+.2f} points, {}", baseline, value,
                                 100 * share.difference, CaseVerdict(verdict));
  if (share.tested) text += fmt::format(" (p {:.2g})", share.p_value);
  return text;
}

inline std::string CaseWhole(const Coverage& coverage, uint32_t buckets) {
  return fmt::format("{} of {} samples in {} buckets{}{}", coverage.total, coverage.observations,
                     buckets, coverage.widened ? " (widened)" : "",
                     coverage.saturated ? " (saturated)" : "");
}

inline std::string CaseDiffTree(const DiffGraph& tree) {
  std::string text;
  const FlameGraph& graph = tree.graph;
  for (size_t i = 0; i < tree.size(); ++i) {
    const std::string& file = graph.files[graph.file[i]];
    text += fmt::format(
        "{:{}}{}{}{} {}, self {} -> {}\n", "", 2 * graph.depth[i], graph.names[graph.name[i]],
        file.empty() ? "" : "@", file,
        CaseCompared(tree.baseline_total[i], graph.total[i], tree.share[i], tree.verdict[i]),
        tree.baseline_self[i], graph.self[i]);
  }
  return text + fmt::format("left out: {} -> {}\n", tree.baseline_cut_total, graph.cut_total);
}

// The functions, or the tree where it was asked for.
inline absl::StatusOr<std::string> AnswerDiff(const Engine& engine, const Selection& baseline,
                                              const Selection& selection,
                                              const DiffOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Diff diff,
                             engine.MakeDiff(baseline, selection, options, Context()));
  std::string text =
      fmt::format("{} -> {}, {} of {} functions beyond noise\n",
                  CaseWhole(diff.baseline, diff.baseline_buckets),
                  CaseWhole(diff.coverage, diff.buckets), diff.beyond_noise, diff.function_count);
  if (diff.tree.has_value()) return text + CaseDiffTree(*diff.tree);
  for (const DiffFunction& function : diff.functions) {
    const Compared& self = function.self;
    const Compared& total = function.total;
    text += fmt::format("{}{}{}\n  total {}\n  self {}\n", function.function,
                        function.file.empty() ? "" : "@", function.file,
                        CaseCompared(total.baseline, total.value, total.share, total.verdict),
                        CaseCompared(self.baseline, self.value, self.share, self.verdict));
  }
  return text;
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CASE_DIFF_H_
