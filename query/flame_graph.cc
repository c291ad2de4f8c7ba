#include "query/flame_graph.h"

namespace flamekeep::query {

uint64_t MemoryBytes(const FlameGraph& graph) {
  uint64_t bytes =
      sizeof(FlameGraph) + graph.size() * (3 * sizeof(uint32_t) + 2 * sizeof(uint64_t));
  for (const auto* table : {&graph.names, &graph.files}) {
    for (const std::string& text : *table) bytes += sizeof(std::string) + text.capacity();
  }
  return bytes;
}

}  // namespace flamekeep::query
