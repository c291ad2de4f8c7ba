#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>

#include "base/json_text.h"
#include "base/status.h"
#include "query/encoders.h"

namespace flamekeep::query {

absl::Status WriteD3(const FlameGraph& graph, const Context& context, WritePiece write) {
  PieceWriter pieces(context, write);
  std::string& out = pieces.out();
  for (size_t box = 0; box < graph.size(); ++box) {
    out += "{\"name\":";
    AppendJsonString(graph.names[graph.name[box]], &out);
    fmt::format_to(std::back_inserter(out), ",\"value\":{}", graph.total[box]);
    if (graph.file[box] != 0) {
      out += ",\"file\":";
      AppendJsonString(graph.files[graph.file[box]], &out);
    }
    if (box == 0) {
      fmt::format_to(std::back_inserter(out), ",\"leftOut\":{{\"boxes\":{},\"total\":{}}}",
                     graph.cut_nodes, graph.cut_total);
    }
    // In preorder the next box is a child, or stands beside this one or one of those around it.
    const uint32_t depth = graph.depth[box];
    const bool is_last = box + 1 == graph.size();
    const uint32_t next = is_last ? 0 : graph.depth[box + 1];
    if (next > depth) {
      out += ",\"children\":[\n";
    } else {
      out += '}';
      for (uint32_t open = depth; open > next; --open) out += "]}";
      out += is_last ? "\n" : ",\n";
    }
    FLAMEKEEP_RETURN_IF_ERROR(pieces.MayFlush());
  }
  return pieces.Flush();
}

}  // namespace flamekeep::query
