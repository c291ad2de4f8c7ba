#include "query/svg_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/assets/flamegraph.css.h"
#include "query/assets/flamegraph.js.h"
#include "query/svg_drawing.h"
#include "query/svg_head.h"
#include "query/svg_palette.h"
#include "query/svg_text.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

// The drawing's measures in pixels. The script takes them from the file (data-* of the graph).
constexpr double kMargin = 10;
constexpr int kTitleBase = 27;
constexpr int kHeadLine = 22;  // from a line of the head to the next: title, ranges, details
constexpr int kHeadGap = 13;   // below the last one
constexpr int kRow = 17;       // from a row to the next
constexpr int kBox = 16;       // of a box
constexpr int kBottom = 12;    // below the graph
constexpr double kGap = 0.6;   // between neighbours, where there is room for one
constexpr double kWidthForGap = 3;
constexpr int kTextIndent = 3;    // of a name in its box
constexpr int kTextBase = 12;     // from a box's top to the line its name stands on
constexpr double kColumn = 7.23;  // of a character of the graph's font
// About, of those that are as wide as digits.
constexpr double kTitleColumn = 11;
constexpr double kHeadColumn = 7.4;

constexpr size_t kBoxesPerCheck = 1024;

constexpr uint32_t kLeastWidth = 200;
constexpr uint32_t kMostWidth = 20'000;

uint32_t WidthOf(const SvgOptions& options) {
  return std::clamp(options.width, kLeastWidth, kMostWidth);
}

// A box as it is drawn.
struct Drawn {
  uint32_t box;
  double left, right;  // rounded to tenths
};

double Tenths(double pixels) { return std::round(pixels * 10) / 10; }

// Boxes that are wide enough, in preorder. Children stand side by side from their parent's left
// edge.
std::vector<Drawn> Place(const FlameGraph& graph, double width) {
  struct Open {
    uint64_t next;  // where the next child begins, in samples
    uint64_t end;
  };
  std::vector<Drawn> drawn;
  std::vector<Open> open;
  const double scale = graph.total[0] == 0 ? 0 : width / static_cast<double>(graph.total[0]);
  for (uint32_t box = 0; box < graph.size(); ++box) {
    const uint32_t depth = graph.depth[box];
    uint64_t begin = 0;
    uint64_t end = graph.total[box];
    if (depth > 0) {
      Open& parent = open[depth - 1];
      begin = parent.next;
      // Saturated totals do not add up: no box leaves its parent.
      bool saturated = false;
      end = std::min(storage::SaturatingAdd(begin, end, &saturated), parent.end);
      parent.next = end;
    }
    open.resize(depth);
    open.push_back({begin, end});
    const double left = static_cast<double>(begin) * scale;
    const double right = depth == 0 ? width : static_cast<double>(end) * scale;
    if (right - left < kMinBoxPixels) continue;
    drawn.push_back({box, Tenths(kMargin + left), Tenths(kMargin + right)});
  }
  return drawn;
}

// A function has the same colour in every graph.
class FunctionColors final : public SvgStyle {
 public:
  explicit FunctionColors(const FlameGraph& graph) : graph_(graph) {}

  std::string Css() const override { return PaletteCss(graph_.inverted); }
  std::string ClassOf(uint32_t box) const override {
    return fmt::format("c{}", ColorOf(graph_.names[graph_.name[box]]));
  }
  std::string NoteOf(uint32_t) const override { return ""; }
  std::vector<std::string> Head(uint32_t columns) const override {
    std::vector<std::string> parts = CoverageParts(graph_.coverage);
    if (graph_.inverted) parts.emplace_back("inverted: callers below");
    return JoinParts(parts, columns);
  }

 private:
  const FlameGraph& graph_;
};

class Writer {
 public:
  Writer(const FlameGraph& graph, const SvgStyle& style, const SvgOptions& options,
         const Context& context)
      : graph_(graph),
        style_(style),
        context_(context),
        width_(WidthOf(options)),
        title_(VisibleText(options.title.empty() ? graph.coverage.profile_type : options.title)),
        unit_(EscapeXml(UnitText(graph.coverage))),
        head_(style.Head(ColumnsOf(kHeadColumn))),
        top_(kTitleBase + (static_cast<int>(head_.size()) + 1) * kHeadLine + kHeadGap) {
    for (const std::string& name : graph.names) names_.push_back(VisibleText(name));
  }

  absl::StatusOr<std::string> Write() {
    const std::vector<Drawn> drawn = Place(graph_, width_ - 2 * kMargin);
    for (const Drawn& box : drawn) deepest_ = std::max(deepest_, graph_.depth[box.box]);
    WriteHead();
    for (size_t i = 0; i < drawn.size(); ++i) {
      if (i % kBoxesPerCheck == 0) {
        FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
        FLAMEKEEP_RETURN_IF_ERROR(context_.CheckMemory(out_.capacity()));
      }
      WriteBox(drawn[i]);
    }
    WriteTail();
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Append(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  // How many characters of this width there is room for.
  uint32_t ColumnsOf(double pixels) const {
    return static_cast<uint32_t>((width_ - 2 * kMargin) / pixels);
  }

  int Top(uint32_t depth) const {
    const uint32_t row = graph_.inverted ? depth : deepest_ - depth;
    return top_ + static_cast<int>(row) * kRow;
  }

  void WriteHead() {
    const int height = top_ + static_cast<int>(deepest_ + 1) * kRow + kBottom;
    Append(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" width=\"{0}\" "
        "height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"group\" "
        "aria-label=\"{2}\"><title>{2}</title>\n"
        "<style><![CDATA[\n{3}{4}\n]]></style>\n",
        width_, height, EscapeXml(title_), assets::kFlamegraphCss, style_.Css());
    Append(
        "<rect id=\"ground\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        "<g id=\"graph\" role=\"tree\" aria-label=\"Flame graph\" data-top=\"{}\" data-row=\"{}\" "
        "data-box=\"{}\" data-gap=\"{}\" data-margin=\"{}\" data-inverted=\"{}\">\n",
        top_, kRow, kBox, kGap, kMargin, graph_.inverted ? 1 : 0);
  }

  void WriteBox(const Drawn& drawn) {
    const uint32_t box = drawn.box;
    const std::string& name = names_[graph_.name[box]];
    const double width = drawn.right - drawn.left;
    const double painted = width < kWidthForGap ? width : width - kGap;
    const int top = Top(graph_.depth[box]);
    out_ += "<g";
    if (graph_.self[box] != 0) Append(" data-self=\"{}\"", graph_.self[box]);
    Append("><title>{} ({} {}, {})", EscapeXml(name), WithCommas(graph_.total[box]), unit_,
           Share(box));
    if (const std::string note = style_.NoteOf(box); !note.empty()) {
      Append("\n{}", EscapeXml(note));
    }
    if (graph_.file[box] != 0) {
      Append("\n{}", EscapeXml(VisibleText(graph_.files[graph_.file[box]])));
    }
    Append("</title><path class=\"{}\" d=\"M{:.6g},{}h{:.6g}v{}h-{:.6g}z\"/>",
           box == 0 ? "all" : style_.ClassOf(box), drawn.left, top, painted, kBox, painted);
    const double columns = std::max(0.0, (width - 2 * kTextIndent) / kColumn);
    const std::string text = FitText(name, static_cast<uint32_t>(columns));
    if (!text.empty()) {
      Append("<text x=\"{:.6g}\" y=\"{}\">{}</text>", drawn.left + kTextIndent, top + kTextBase,
             EscapeXml(text));
    }
    out_ += "</g>\n";
  }

  std::string Share(uint32_t box) const {
    if (box == 0) return "100%";
    return fmt::format("{:.2f}%", PercentOf(graph_.total[box]));
  }
  double PercentOf(uint64_t value) const {
    return graph_.total[0] == 0
               ? 0
               : 100 * static_cast<double>(value) / static_cast<double>(graph_.total[0]);
  }

  void WriteTail() {
    Append(
        "</g>\n<g id=\"head\"><rect id=\"back\" width=\"100%\" height=\"{}\" fill=\"#fff\"/>"
        "<text id=\"name\" x=\"{}\" y=\"{}\">{}</text>",
        top_ - 6, kMargin, kTitleBase, EscapeXml(CutText(title_, ColumnsOf(kTitleColumn))));
    int base = kTitleBase;
    for (const std::string& line : head_) {
      base += kHeadLine;
      Append("<text class=\"range\" x=\"{}\" y=\"{}\">{}</text>", kMargin, base, EscapeXml(line));
    }
    Append("<text id=\"details\" x=\"{}\" y=\"{}\">{}</text></g>\n", kMargin, base + kHeadLine,
           graph_.coverage.total == 0 ? "There are no samples in this selection." : "");
    Append("<script><![CDATA[\n{}\n]]></script>\n</svg>\n", assets::kFlamegraphJs);
  }

  const FlameGraph& graph_;
  const SvgStyle& style_;
  const Context& context_;
  const uint32_t width_;
  const std::string title_;              // visible
  const std::string unit_;               // escaped
  const std::vector<std::string> head_;  // visible
  const int top_;                        // where the graph begins
  std::vector<std::string> names_;       // visible
  uint32_t deepest_ = 0;
  std::string out_;
};

}  // namespace

double SvgMinShare(const SvgOptions& options) {
  return kMinBoxPixels / (WidthOf(options) - 2 * kMargin);
}

absl::StatusOr<std::string> WriteSvg(const FlameGraph& graph, const SvgOptions& options,
                                     const Context& context) {
  return DrawSvg(graph, FunctionColors(graph), options, context);
}

absl::StatusOr<std::string> DrawSvg(const FlameGraph& graph, const SvgStyle& style,
                                    const SvgOptions& options, const Context& context) {
  return Writer(graph, style, options, context).Write();
}

}  // namespace flamekeep::query
