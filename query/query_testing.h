// Small stack trees, their columns, and a naive flame graph to compare with. For tests.
#ifndef FLAMEKEEP_QUERY_QUERY_TESTING_H_
#define FLAMEKEEP_QUERY_QUERY_TESTING_H_

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/flame_graph.h"
#include "storage/column.h"
#include "storage/frame_table.h"
#include "storage/stack_tree_view.h"

namespace flamekeep::query {

using Values = std::map<uint32_t, uint64_t>;  // value by stack id

// A stack tree that a test owns. Node 0 is the root.
class TestTree {
 public:
  uint32_t AddFrame(std::string function, std::string file = {}) {
    names_.emplace_back(std::move(function), std::move(file));
    return static_cast<uint32_t>(names_.size() - 1);
  }
  uint32_t AddNode(uint32_t parent, uint32_t frame) {
    parent_.push_back(parent);
    frame_.push_back(frame);
    return size() - 1;
  }

  uint32_t size() const { return static_cast<uint32_t>(parent_.size()); }
  uint32_t frame_count() const { return static_cast<uint32_t>(names_.size()); }
  uint32_t parent(uint32_t id) const { return parent_[id]; }
  uint32_t frame(uint32_t id) const { return frame_[id]; }
  storage::Frame name(uint32_t frame) const { return {names_[frame].first, names_[frame].second}; }
  storage::Frame operator()(storage::FrameId id) const { return name(Raw(id)); }

  // Frames from the root on.
  std::vector<uint32_t> Path(uint32_t id) const {
    std::vector<uint32_t> path;
    for (; id != 0; id = parent_[id]) path.push_back(frame_[id]);
    std::reverse(path.begin(), path.end());
    return path;
  }

  // The tree must outlive the view and not grow.
  storage::StackTreeView View(uint32_t block_shift = storage::kBlockShift) const {
    auto table = std::make_shared<storage::StackBlockTable>();
    for (size_t begin = 0; begin < size(); begin += size_t{1} << block_shift) {
      table->blocks.push_back({&parent_[begin], &frame_[begin]});
      table->owners.push_back(nullptr);
    }
    return {std::move(table), size(), block_shift};
  }

  // Grows at random: mostly chains, sometimes a branch anywhere. A function has two frames, one of
  // them without a file.
  static TestTree Random(uint32_t nodes, uint32_t frames, std::mt19937_64& random) {
    TestTree tree;
    for (uint32_t i = 1; i <= frames; ++i) {
      tree.AddFrame(fmt::format("f{}", i / 2), i % 2 == 0 ? fmt::format("file{}", i % 5) : "");
    }
    tree.Grow(nodes, random);
    return tree;
  }

  // Adds nodes at random to a tree that has frames only.
  void Grow(uint32_t nodes, std::mt19937_64& random) {
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> known;
    uint32_t at = 0;
    for (uint32_t tries = 0; size() < nodes && tries < 20 * nodes; ++tries) {
      if (random() % 8 == 0) at = static_cast<uint32_t>(random() % size());
      const auto frame = static_cast<uint32_t>(1 + random() % (frame_count() - 1));
      const auto [found, added] = known.try_emplace({at, frame}, size());
      if (added) AddNode(at, frame);
      at = found->second;
    }
  }

 private:
  std::vector<uint32_t> parent_ = {0};
  std::vector<uint32_t> frame_ = {0};
  std::vector<std::pair<std::string, std::string>> names_ = {{"", ""}};
};

inline Values RandomValues(const TestTree& tree, size_t count, uint64_t most,
                           std::mt19937_64& random) {
  Values values;
  for (size_t i = 0; i < count; ++i) {
    // Mostly small numbers, as in life.
    const uint64_t value = 1 + random() % (random() % 4 == 0 ? most : std::min<uint64_t>(most, 3));
    values.emplace(static_cast<uint32_t>(random() % tree.size()), value);
  }
  return values;
}

inline std::string EncodeTestColumn(const Values& values) {
  storage::ColumnHeader header;
  std::vector<storage::Pair> pairs;
  for (auto it = values.rbegin(); it != values.rend(); ++it) {
    pairs.push_back({it->first, it->second});
    header.total = storage::SaturatingAdd(header.total, it->second, &header.saturated);
    ++header.observations;
  }
  header.pairs = static_cast<uint32_t>(pairs.size());
  return storage::EncodeColumn(header, pairs);
}

// Sums and columns of some values that were split at random.
struct TestColumns {
  std::vector<std::string> encoded;
  Values sums;  // saturated

  std::vector<std::string_view> views() const { return {encoded.begin(), encoded.end()}; }

  void Add(const Values& values) {
    encoded.push_back(EncodeTestColumn(values));
    bool saturated = false;
    for (const auto& [id, value] : values) {
      sums[id] = storage::SaturatingAdd(sums[id], value, &saturated);
    }
  }
};

// A graph as text: a line for each box, indented by its depth: "function@file total self".
inline std::string Text(const FlameGraph& graph) {
  std::string text;
  for (size_t i = 0; i < graph.size(); ++i) {
    text += fmt::format("{:{}}{}@{} {} {}\n", "", graph.depth[i], graph.names[graph.name[i]],
                        graph.files[graph.file[i]], graph.total[i], graph.self[i]);
  }
  return text;
}

// What the flame graph of `sums` must be, made the slow way.
class NaiveGraph {
 public:
  explicit NaiveGraph(const TestTree& tree) : tree_(tree) {}
  NaiveGraph(const TestTree& tree, const Values& sums, bool inverted) : tree_(tree) {
    for (const auto& [id, value] : sums) {
      std::vector<uint32_t> path = tree.Path(id);
      if (inverted) std::reverse(path.begin(), path.end());
      AddPath(path, value);
    }
  }

  void AddPath(const std::vector<uint32_t>& path, uint64_t value) {
    Node* node = &root_;
    Add(value, &node->total);
    for (const uint32_t frame : path) {
      node = &node->children[frame];
      Add(value, &node->total);
    }
    Add(value, &node->self);
  }

  // The cut that leaves at most `max` boxes above it, the root included.
  uint64_t CutFor(double min_share, size_t max) const {
    std::vector<uint64_t> totals;
    Visit(root_, [&](const Node& node) { totals.push_back(node.total); });
    totals.erase(totals.begin());  // the root
    std::sort(totals.begin(), totals.end(), std::greater<>());
    uint64_t cut = totals.size() >= max ? totals[max - 1] : 0;
    for (const uint64_t total : totals) {
      if (static_cast<double>(total) < min_share * static_cast<double>(root_.total)) {
        cut = std::max(cut, total);
      }
    }
    return cut;
  }

  std::string Text(uint64_t cut) const {
    std::string text = fmt::format("all@ {} {}\n", root_.total, root_.self);
    Print(root_, 1, cut, &text);
    return text;
  }

  size_t boxes() const {
    size_t count = 0;
    Visit(root_, [&](const Node&) { ++count; });
    return count;
  }

  // Topmost boxes that the cut leaves out, and the sum of their totals.
  std::pair<uint64_t, uint64_t> TopmostCut(uint64_t cut) const {
    std::pair<uint64_t, uint64_t> result;
    Visit(root_, [&](const Node& node) {
      if (&node != &root_ && node.total <= cut) return;
      for (const auto& [frame, child] : node.children) {
        if (child.total > cut) continue;
        ++result.first;
        Add(child.total, &result.second);
      }
    });
    return result;
  }

 private:
  struct Node {
    uint64_t total = 0;
    uint64_t self = 0;
    std::map<uint32_t, Node> children;  // by frame
  };

  static void Add(uint64_t value, uint64_t* sum) {
    bool saturated = false;
    *sum = storage::SaturatingAdd(*sum, value, &saturated);
  }

  template <typename Function>
  static void Visit(const Node& node, const Function& function) {
    function(node);
    for (const auto& [frame, child] : node.children) Visit(child, function);
  }

  void Print(const Node& node, int depth, uint64_t cut, std::string* text) const {
    std::vector<std::pair<uint32_t, const Node*>> children;
    for (const auto& [frame, child] : node.children) {
      if (child.total > cut) children.emplace_back(frame, &child);
    }
    std::sort(children.begin(), children.end(), [&](const auto& a, const auto& b) {
      const auto key = [&](const auto& child) {
        const storage::Frame name = tree_.name(child.first);
        return std::make_tuple(~child.second->total, name.function, name.file);
      };
      return key(a) < key(b);
    });
    for (const auto& [frame, child] : children) {
      const storage::Frame name = tree_.name(frame);
      *text += fmt::format("{:{}}{}@{} {} {}\n", "", depth, name.function, name.file, child->total,
                           child->self);
      Print(*child, depth + 1, cut, text);
    }
  }

  const TestTree& tree_;
  Node root_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_QUERY_TESTING_H_
