// Walks a tree of texts in the order of its folded lines' bytes. Part of folded_writer.cc.
//
// The lines of a node's children can not be written child by child: ` ` and `:` sort before `;`, so
// the lines `Foo 1`, `Foo::bar 1`, `Foo;baz 1` alternate between children. Each child is therefore
// two events, its own line and all that goes on below it, and the events of all children are
// sorted. All lines below a child begin with its text and `;`, which no text contains, so they lie
// together.
//
// Thread safety: none.
#ifndef FLAMEKEEP_QUERY_FOLDED_LINES_H_
#define FLAMEKEEP_QUERY_FOLDED_LINES_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"
#include "query/checked_sort.h"
#include "query/context.h"
#include "query/folded_writer.h"
#include "query/piece_writer.h"

namespace flamekeep::query {

// A child of some node as folded text sees it. Node stands for what is below it.
template <typename Node>
struct FoldedChild {
  uint32_t rank = 0;   // of its text
  uint64_t self = 0;   // of its own line; 0: it has none
  bool inner = false;  // something is below it
  Node node{};
};

// Compares `whole` with the string `part` + `tail`, by their bytes.
inline int CompareWithJoined(std::string_view whole, std::string_view part, std::string_view tail) {
  const int order = whole.substr(0, part.size()).compare(part);
  return order != 0 ? order : whole.substr(part.size()).compare(tail);
}

// Compares two strings, each in two parts.
inline int CompareJoined(std::string_view a, std::string_view a_tail, std::string_view b,
                         std::string_view b_tail) {
  const size_t common = std::min(a.size(), b.size());
  const int order = a.substr(0, common).compare(b.substr(0, common));
  if (order != 0) return order;
  if (a.size() < b.size()) return CompareWithJoined(a_tail, b.substr(common), b_tail);
  return -CompareWithJoined(b_tail, a.substr(common), a_tail);
}

template <typename Node>
class FoldedLines {
 public:
  using Child = FoldedChild<Node>;
  using Children = std::vector<Child>;
  // Appends the children of a node, no two with the same text.
  using Expand = absl::FunctionRef<absl::Status(const Node&, Children*)>;

  struct Event {
    uint32_t child;    // index
    std::string tail;  // " VALUE" of a line, or ";"
    bool is_line() const { return tail[0] == ' '; }
  };

  FoldedLines(const FrameTexts& texts, Expand expand, const Context& context, WritePiece write)
      : texts_(texts), expand_(expand), context_(context), pieces_(context, write) {}

  // The events of some children in their order.
  absl::StatusOr<std::vector<Event>> Events(const Children& children) const {
    std::vector<Event> events;
    for (uint32_t i = 0; i < children.size(); ++i) {
      if (children[i].self != 0) events.push_back({i, fmt::format(" {}", children[i].self)});
      if (children[i].inner) events.push_back({i, ";"});
    }
    const auto before = [&](const Event& a, const Event& b) {
      return CompareJoined(texts_.text(children[a.child].rank), a.tail,
                           texts_.text(children[b.child].rank), b.tail) < 0;
    };
    FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(events), before, context_));
    return events;
  }

  absl::Status Line(const Child& child, const Event& event) {
    std::string& out = pieces_.out();
    out += path_;
    out += texts_.text(child.rank);
    out += event.tail;
    out += '\n';
    return pieces_.MayFlush();
  }

  // Writes all lines below a child. Needs no call stack: paths may be very deep.
  absl::Status Below(const Child& child) {
    size_t depth = 0;
    FLAMEKEEP_RETURN_IF_ERROR(Enter(child, depth++));
    while (depth > 0) {
      Level& level = levels_[depth - 1];
      if (level.next == level.events.size()) {
        path_.resize(level.path_bytes);
        --depth;
        continue;
      }
      const Event& event = level.events[level.next++];
      if (event.is_line()) {
        FLAMEKEEP_RETURN_IF_ERROR(Line(level.children[event.child], event));
      } else {
        const Child next = level.children[event.child];
        FLAMEKEEP_RETURN_IF_ERROR(Enter(next, depth++));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Flush() { return pieces_.Flush(); }

 private:
  struct Level {
    Children children;
    std::vector<Event> events;
    size_t next = 0;
    size_t path_bytes = 0;  // of the path that leads to its node's parent
  };

  absl::Status Enter(const Child& child, size_t depth) {
    if (depth == levels_.size()) levels_.emplace_back();
    Level& level = levels_[depth];
    level.children.clear();
    level.next = 0;
    level.path_bytes = path_.size();
    path_ += texts_.text(child.rank);
    path_ += ';';
    FLAMEKEEP_RETURN_IF_ERROR(expand_(child.node, &level.children));
    FLAMEKEEP_ASSIGN_OR_RETURN(level.events, Events(level.children));
    return absl::OkStatus();
  }

  const FrameTexts& texts_;
  const Expand expand_;
  const Context& context_;
  std::vector<Level> levels_;
  std::string path_;
  PieceWriter pieces_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FOLDED_LINES_H_
