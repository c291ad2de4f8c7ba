#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "base/status.h"
#include "query/checked_sort.h"
#include "query/encoders.h"
#include "storage/column.h"

namespace flamekeep::query {
namespace {

// What Pyroscope makes of numbers: "samples" are divided by the rate and shown as seconds.
struct FlamebearerUnit {
  std::string_view unit;  // ours
  std::string_view name;  // Pyroscope's
  uint64_t rate;
};

FlamebearerUnit UnitForFlamebearer(std::string_view unit) {
  constexpr uint64_t kUsualRate = 100;
  constexpr FlamebearerUnit kUnits[] = {
      {"nanoseconds", "samples", 1'000'000'000}, {"microseconds", "samples", 1'000'000},
      {"milliseconds", "samples", 1'000},        {"seconds", "samples", 1},
      {"count", "objects", kUsualRate},
  };
  for (const FlamebearerUnit& known : kUnits) {
    if (known.unit == unit) return known;
  }
  return {unit, unit, kUsualRate};
}

// The boxes row by row.
struct FlamebearerRows {
  std::vector<uint64_t> left;   // by box: where it begins
  std::vector<uint32_t> boxes;  // by depth, then from left to right
  std::vector<size_t> begin;    // by depth: into boxes; one more at the end
};

constexpr uint64_t kBytesPerRowBox = sizeof(uint64_t) + sizeof(uint32_t);

absl::StatusOr<FlamebearerRows> RowsOf(const FlameGraph& graph, const Context& context) {
  const size_t size = graph.size();
  FlamebearerRows rows{.left = std::vector<uint64_t>(size), .boxes = std::vector<uint32_t>(size)};
  std::vector<uint64_t> next;  // by depth: where the next child of the open box there begins
  bool saturated = false;
  for (size_t box = 0; box < size; ++box) {
    if (box % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    const uint32_t depth = graph.depth[box];
    if (depth > 0) {
      rows.left[box] = next[depth - 1];
      next[depth - 1] = storage::SaturatingAdd(next[depth - 1], graph.total[box], &saturated);
    }
    next.resize(depth);
    next.push_back(rows.left[box]);
    if (rows.begin.size() < size_t{depth} + 2) rows.begin.resize(size_t{depth} + 2);
    ++rows.begin[depth + 1];
  }
  for (size_t i = 1; i < rows.begin.size(); ++i) rows.begin[i] += rows.begin[i - 1];
  std::vector<size_t> place(rows.begin.begin(), rows.begin.end() - 1);
  for (size_t box = 0; box < size; ++box) {
    rows.boxes[place[graph.depth[box]]++] = static_cast<uint32_t>(box);
  }
  return rows;
}

// Each box as the distance from the one before it, total, self and name.
absl::Status WriteFlamebearerRow(const FlameGraph& graph, const FlamebearerRows& rows, size_t depth,
                                 PieceWriter* pieces) {
  bool saturated = false;
  uint64_t end = 0;  // of the box before
  pieces->out() += depth == 0 ? "\n[" : ",\n[";
  for (size_t i = rows.begin[depth]; i < rows.begin[depth + 1]; ++i) {
    const uint32_t box = rows.boxes[i];
    fmt::format_to(std::back_inserter(pieces->out()), "{}{},{},{},{}",
                   i == rows.begin[depth] ? "" : ",", rows.left[box] - end, graph.total[box],
                   graph.self[box], graph.name[box]);
    end = storage::SaturatingAdd(rows.left[box], graph.total[box], &saturated);
    FLAMEKEEP_RETURN_IF_ERROR(pieces->MayFlush());
  }
  pieces->out() += ']';
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteFlamebearer(const FlameGraph& graph, std::string_view title,
                              const Context& context, WritePiece write) {
  FLAMEKEEP_RETURN_IF_ERROR(
      context.CheckMemory(MemoryBytes(graph) + graph.size() * kBytesPerRowBox));
  FLAMEKEEP_ASSIGN_OR_RETURN(const FlamebearerRows rows, RowsOf(graph, context));
  PieceWriter pieces(context, write);
  std::string& out = pieces.out();
  out += "{\"version\":1,\"flamebearer\":{\"names\":[";
  for (size_t i = 0; i < graph.names.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    AppendJsonString(graph.names[i], &out);
    FLAMEKEEP_RETURN_IF_ERROR(pieces.MayFlush());
  }
  out += "],\n\"levels\":[";
  for (size_t depth = 0; depth + 1 < rows.begin.size(); ++depth) {
    FLAMEKEEP_RETURN_IF_ERROR(WriteFlamebearerRow(graph, rows, depth, &pieces));
  }
  const FlamebearerUnit unit = UnitForFlamebearer(graph.coverage.unit);
  fmt::format_to(std::back_inserter(out),
                 "],\n\"numTicks\":{},\"maxSelf\":{}}},\n\"metadata\":{{\"format\":\"single\","
                 "\"spyName\":\"flamekeep\",\"sampleRate\":{},\"units\":",
                 graph.total[0], *std::max_element(graph.self.begin(), graph.self.end()),
                 unit.rate);
  AppendJsonString(unit.name, &out);
  out += ",\"name\":";
  AppendJsonString(title, &out);
  fmt::format_to(std::back_inserter(out), "}},\n\"leftOut\":{{\"boxes\":{},\"total\":{}}}}}\n",
                 graph.cut_nodes, graph.cut_total);
  return pieces.Flush();
}

}  // namespace flamekeep::query
