#include "query/diff_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "query/svg_drawing.h"
#include "query/svg_head.h"

namespace flamekeep::query {
namespace {

// From light to dark.
constexpr std::string_view kGrew[] = {"#fddbc7", "#f4a582", "#d6604d"};
constexpr std::string_view kShrank[] = {"#d1e5f0", "#92c5de", "#4393c3"};
constexpr std::string_view kNoise = "#e4e2df";
constexpr size_t kStrengths = std::size(kGrew);
static_assert(std::size(kShrank) == kStrengths);

std::string_view VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBeyondNoise:
      return "beyond noise";
    case Verdict::kWithinNoise:
      return "within noise";
    case Verdict::kNotEnoughData:
      return "not enough data to tell noise";
  }
  return "";
}

class DiffStyle final : public SvgStyle {
 public:
  DiffStyle(const Diff& diff, bool width_of_baseline)
      : diff_(diff), tree_(*diff.tree), width_of_baseline_(width_of_baseline) {}

  std::string Css() const override {
    std::string css = fmt::format(".n{{fill:{}}}", kNoise);
    for (size_t i = 0; i < kStrengths; ++i) {
      css += fmt::format(".g{0}{{fill:{1}}}.s{0}{{fill:{2}}}", i, kGrew[i], kShrank[i]);
    }
    return css;
  }

  std::string ClassOf(uint32_t box) const override {
    const double difference = tree_.share[box].difference;
    const bool told = tree_.verdict[box] == Verdict::kBeyondNoise || !diff_.enough();
    if (!told || difference == 0) return "n";
    const double larger = std::max(ShareIn(diff_.baseline, tree_.baseline_total[box]),
                                   ShareIn(diff_.coverage, tree_.graph.total[box]));
    const auto strength = static_cast<size_t>(std::abs(difference) / larger * kStrengths);
    return fmt::format("{}{}", difference > 0 ? 'g' : 's', std::min(strength, kStrengths - 1));
  }

  std::string NoteOf(uint32_t box) const override {
    if (box == 0) return "";
    const ShareDifference& share = tree_.share[box];
    std::string note =
        fmt::format("{} {:.2f}%: {:+.2f} points, {}", width_of_baseline_ ? "selection" : "baseline",
                    100 * (width_of_baseline_ ? ShareIn(diff_.coverage, tree_.graph.total[box])
                                              : ShareIn(diff_.baseline, tree_.baseline_total[box])),
                    100 * share.difference, VerdictText(tree_.verdict[box]));
    if (share.tested) note += fmt::format(" (p {:.2g})", share.p_value);
    return note;
  }

  // Each of the two with what it lacks, that which the boxes are as wide as first.
  std::vector<std::string> Head(uint32_t columns) const override {
    std::vector<std::string> of_selection = CoverageParts(diff_.coverage);
    std::vector<std::string> of_baseline = CoverageParts(diff_.baseline);
    of_selection.front().insert(0, "selection: ");
    of_baseline.front().insert(0, "baseline: ");
    if (width_of_baseline_) std::swap(of_selection, of_baseline);
    of_baseline.emplace_back(diff_.enough()
                                 ? "red grew, blue shrank, grey is noise"
                                 : "red grew, blue shrank; not enough data to tell noise");
    std::vector<std::string> lines = JoinParts(of_selection, columns);
    for (std::string& line : JoinParts(of_baseline, columns)) lines.push_back(std::move(line));
    return lines;
  }

 private:
  static double ShareIn(const Coverage& coverage, uint64_t value) {
    return ShareOf(value, static_cast<double>(coverage.total));
  }

  const Diff& diff_;
  const DiffGraph& tree_;
  const bool width_of_baseline_;
};

}  // namespace

absl::StatusOr<std::string> WriteDiffSvg(const Diff& diff, bool width_of_baseline,
                                         const SvgOptions& options, const Context& context) {
  FlameGraph graph = diff.tree->graph;
  graph.coverage = width_of_baseline ? diff.baseline : diff.coverage;
  if (width_of_baseline) {
    graph.total = diff.tree->baseline_total;
    graph.self = diff.tree->baseline_self;
  }
  return DrawSvg(graph, DiffStyle(diff, width_of_baseline), options, context);
}

}  // namespace flamekeep::query
