// Draws the difference of two selections as a flame graph: red is what grew, blue what shrank, the
// more of itself the darker, grey what is within noise. The colours are those of ColorBrewer's
// RdBu, which people with any kind of colour blindness can tell apart.
//
// Where the ranges have too few buckets to tell noise, all differences have colours and the drawing
// says so.
//
// Thread safety: a pure function. Errors: those of the context.
#ifndef FLAMEKEEP_QUERY_DIFF_SVG_H_
#define FLAMEKEEP_QUERY_DIFF_SVG_H_

#include <string>

#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/diff.h"
#include "query/svg_writer.h"

namespace flamekeep::query {

// Boxes are as wide as in the baseline, or as in the selection: then what is only in the baseline
// has no width. REQUIRES: the diff has a tree.
absl::StatusOr<std::string> WriteDiffSvg(const Diff& diff, bool width_of_baseline,
                                         const SvgOptions& options, const Context& context);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DIFF_SVG_H_
