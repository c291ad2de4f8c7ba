// Draws a flame graph as one self-contained, interactive SVG file.
//
// The file is complete without its script: any viewer shows the picture with titles on its boxes.
// In a browser, also from disk, it zooms, searches and follows the keyboard. Nothing is loaded from
// elsewhere. A plain graph stands on its root, in warm colours; an inverted one hangs from it, in
// blues. A function has the same colour in every graph. Names may hold any bytes: markup is
// escaped, and what XML can not hold is made visible.
//
// Thread safety: a pure function. Errors: those of the context.
#ifndef FLAMEKEEP_QUERY_SVG_WRITER_H_
#define FLAMEKEEP_QUERY_SVG_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/flame_graph.h"

namespace flamekeep::query {

struct SvgOptions {
  std::string title;      // empty: the profile type
  uint32_t width = 1200;  // of the drawing in pixels; 200 to 20,000
};

// Boxes narrower than this are not drawn.
inline constexpr double kMinBoxPixels = 0.5;

// The min_share that fits a drawing: boxes that would not be drawn need not be in the graph.
double SvgMinShare(const SvgOptions& options);

absl::StatusOr<std::string> WriteSvg(const FlameGraph& graph, const SvgOptions& options,
                                     const Context& context);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SVG_WRITER_H_
