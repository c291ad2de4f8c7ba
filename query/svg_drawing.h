// Draws a flame graph as SVG, whatever its colours say. Part of svg_writer.cc and diff_svg.cc.
//
// Thread safety: a pure function where the style is one. Errors: those of the context.
#ifndef FLAMEKEEP_QUERY_SVG_DRAWING_H_
#define FLAMEKEEP_QUERY_SVG_DRAWING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/svg_writer.h"

namespace flamekeep::query {

// Texts are those of VisibleText(), not yet escaped.
class SvgStyle {
 public:
  virtual ~SvgStyle() = default;
  // The rules of all classes.
  virtual std::string Css() const = 0;
  // Of a box that is not the root: the class that fills it.
  virtual std::string ClassOf(uint32_t box) const = 0;
  // A line below the name and the value of a box; may be empty.
  virtual std::string NoteOf(uint32_t box) const = 0;
  // What stands below the title, line by line, each of at most so many columns where that can be.
  // At least one.
  virtual std::vector<std::string> Head(uint32_t columns) const = 0;
};

absl::StatusOr<std::string> DrawSvg(const FlameGraph& graph, const SvgStyle& style,
                                    const SvgOptions& options, const Context& context);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SVG_DRAWING_H_
