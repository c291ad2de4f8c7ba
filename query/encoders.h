// Writes a flame graph in the formats of other tools, which take it from there.
//
//   pprof        profile.proto with gzip around it: `go tool pprof`, Pyroscope, Parca, ...
//   speedscope   JSON of speedscope's file format, type "sampled"
//   flamebearer  JSON of Pyroscope's flame graph, format "single"
//   d3           JSON for d3-flame-graph: nested objects with name, value and children
//
// pprof and speedscope hold stacks, each with its value, in the order of the graph: they are exact
// where nothing of the graph was cut. Flamebearer and d3 hold boxes to be drawn, and say how many
// were left out. None of them needs a call stack: paths may be very deep.
//
// Bytes are a function of the graph and the title. They are handed out in pieces of at most 1 MiB
// that break anywhere.
//
// Thread safety: pure functions. Errors: those of the context, and what `write` returns.
#ifndef FLAMEKEEP_QUERY_ENCODERS_H_
#define FLAMEKEEP_QUERY_ENCODERS_H_

#include <string_view>

#include "absl/status/status.h"
#include "query/context.h"
#include "query/flame_graph.h"
#include "query/piece_writer.h"

namespace flamekeep::query {

// Sample type, unit and period come from the profile type, time and duration from the covered
// range. A value above 2^63-1, which pprof can not hold, is written as that. `comment` is shown by
// `pprof -comments`. REQUIRES: not inverted, nothing cut.
absl::Status WritePprof(const FlameGraph& graph, std::string_view comment, const Context& context,
                        WritePiece write);

// Numbers are written with all their digits; speedscope itself rounds those above 2^53.
// REQUIRES: not inverted, nothing cut.
absl::Status WriteSpeedscope(const FlameGraph& graph, std::string_view title,
                             const Context& context, WritePiece write);

// Boxes of one function in several files stand beside each other under one name.
absl::Status WriteFlamebearer(const FlameGraph& graph, std::string_view title,
                              const Context& context, WritePiece write);

absl::Status WriteD3(const FlameGraph& graph, const Context& context, WritePiece write);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_ENCODERS_H_
