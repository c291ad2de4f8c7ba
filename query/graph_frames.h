// The distinct frames of a flame graph's boxes, numbered: for formats that list frames once and
// refer to them.
//
// Thread safety: const methods may be called from several threads.
// Errors: those of the context.
#ifndef FLAMEKEEP_QUERY_GRAPH_FRAMES_H_
#define FLAMEKEEP_QUERY_GRAPH_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "query/context.h"
#include "query/flame_graph.h"

namespace flamekeep::query {

class GraphFrames {
 public:
  struct Frame {
    uint32_t name;  // index into the graph's names
    uint32_t file;  // index into its files
  };

  // Of all boxes but the root. The graph must outlive the object. `held_bytes` is what the query
  // holds besides.
  static absl::StatusOr<GraphFrames> Make(const FlameGraph& graph, const Context& context,
                                          uint64_t held_bytes);

  size_t size() const { return frames_.size(); }
  // Ordered by function and file, in bytes.
  const Frame& frame(size_t number) const { return frames_[number]; }

  // The number of a box's frame. REQUIRES: not the root.
  uint32_t NumberOf(size_t box) const;

  uint64_t memory_bytes() const {
    return frames_.capacity() * sizeof(Frame) + begin_.capacity() * sizeof(uint32_t);
  }

 private:
  explicit GraphFrames(const FlameGraph& graph) : graph_(&graph) {}

  const FlameGraph* graph_;
  std::vector<Frame> frames_;
  std::vector<uint32_t> begin_;  // by name: the first of its frames; one more at the end
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_GRAPH_FRAMES_H_
