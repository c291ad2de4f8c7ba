#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "base/status.h"
#include "query/checked_sort.h"
#include "query/encoders.h"
#include "query/graph_frames.h"

namespace flamekeep::query {
namespace {

// The units that speedscope knows.
std::string_view SpeedscopeUnit(std::string_view unit) {
  constexpr std::array<std::string_view, 5> kKnown = {"nanoseconds", "microseconds", "milliseconds",
                                                      "seconds", "bytes"};
  for (const std::string_view known : kKnown) {
    if (unit == known) return known;
  }
  return "none";
}

absl::Status WriteSpeedscopeFrames(const FlameGraph& graph, const GraphFrames& frames,
                                   PieceWriter* pieces) {
  std::string& out = pieces->out();
  out += "\"shared\":{\"frames\":[";
  for (size_t i = 0; i < frames.size(); ++i) {
    if (i != 0) out += ',';
    out += "\n{\"name\":";
    AppendJsonString(graph.names[frames.frame(i).name], &out);
    if (frames.frame(i).file != 0) {
      out += ",\"file\":";
      AppendJsonString(graph.files[frames.frame(i).file], &out);
    }
    out += '}';
    FLAMEKEEP_RETURN_IF_ERROR(pieces->MayFlush());
  }
  out += "]},\n";
  return absl::OkStatus();
}

// Each stack as the numbers of its frames, root first.
absl::Status WriteSpeedscopeSamples(const FlameGraph& graph, const GraphFrames& frames,
                                    const Context& context, PieceWriter* pieces) {
  std::vector<uint32_t> path;
  bool first = true;
  for (size_t box = 0; box < graph.size(); ++box) {
    if (box % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (box != 0) {
      path.resize(graph.depth[box] - 1);
      path.push_back(frames.NumberOf(box));
    }
    if (graph.self[box] == 0) continue;
    fmt::format_to(std::back_inserter(pieces->out()), "{}\n[{}]", first ? "" : ",",
                   fmt::join(path, ","));
    first = false;
    FLAMEKEEP_RETURN_IF_ERROR(pieces->MayFlush());
  }
  return absl::OkStatus();
}

absl::Status WriteSpeedscopeWeights(const FlameGraph& graph, const Context& context,
                                    PieceWriter* pieces) {
  bool first = true;
  for (size_t box = 0; box < graph.size(); ++box) {
    if (box % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (graph.self[box] == 0) continue;
    fmt::format_to(std::back_inserter(pieces->out()), "{}{}", first ? "" : ",", graph.self[box]);
    first = false;
    FLAMEKEEP_RETURN_IF_ERROR(pieces->MayFlush());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteSpeedscope(const FlameGraph& graph, std::string_view title,
                             const Context& context, WritePiece write) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const GraphFrames frames,
                             GraphFrames::Make(graph, context, MemoryBytes(graph)));
  PieceWriter pieces(context, write);
  std::string& out = pieces.out();
  out +=
      "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
      "\"exporter\":\"flamekeep\",\"activeProfileIndex\":0,\"name\":";
  AppendJsonString(title, &out);
  out += ",\n";
  FLAMEKEEP_RETURN_IF_ERROR(WriteSpeedscopeFrames(graph, frames, &pieces));
  out += "\"profiles\":[{\"type\":\"sampled\",\"name\":";
  AppendJsonString(title, &out);
  fmt::format_to(std::back_inserter(out),
                 ",\"unit\":\"{}\",\"startValue\":0,\"endValue\":{},\n\"samples\":[",
                 SpeedscopeUnit(graph.coverage.unit), graph.total[0]);
  FLAMEKEEP_RETURN_IF_ERROR(WriteSpeedscopeSamples(graph, frames, context, &pieces));
  out += "],\n\"weights\":[";
  FLAMEKEEP_RETURN_IF_ERROR(WriteSpeedscopeWeights(graph, context, &pieces));
  out += "]}]}\n";
  return pieces.Flush();
}

}  // namespace flamekeep::query
