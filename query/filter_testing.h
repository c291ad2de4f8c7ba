// Random frame filters, and what they do to single stacks. For tests.
#ifndef FLAMEKEEP_QUERY_FILTER_TESTING_H_
#define FLAMEKEEP_QUERY_FILTER_TESTING_H_

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "query/frame_filter.h"
#include "query/frame_flags_cache.h"
#include "query/query_testing.h"

namespace flamekeep::query {

using FramePath = std::vector<uint32_t>;  // frames, root first

// What is left of a stack, by the words of frame_filter.h; nothing where it does not count.
inline std::optional<FramePath> NaivelyFiltered(const TestTree& tree, const FramePath& stack,
                                                const FrameFilter& filter,
                                                const CompiledFilter& compiled) {
  const auto matches = [&](uint32_t frame, FrameFlags flag) {
    return (compiled.Flags(tree.name(frame)) & flag) != 0;
  };
  const auto has = [&](FrameFlags flag) {
    return std::any_of(stack.begin(), stack.end(),
                       [&](uint32_t frame) { return matches(frame, flag); });
  };
  for (size_t i = 0; i < filter.keep.size(); ++i) {
    if (!has(static_cast<FrameFlags>(1u << i))) return std::nullopt;
  }
  if (has(kFlagDrop)) return std::nullopt;
  FramePath left = stack;
  if (!filter.focus.empty()) {
    const auto first =
        std::find_if(left.begin(), left.end(), [&](uint32_t f) { return matches(f, kFlagFocus); });
    if (first == left.end()) return std::nullopt;
    left.erase(left.begin(), first);
  }
  if (!filter.until.empty()) {
    const auto last =
        std::find_if(left.begin(), left.end(), [&](uint32_t f) { return matches(f, kFlagUntil); });
    if (last == left.end()) return std::nullopt;
    left.erase(last + 1, left.end());
  }
  std::erase_if(left, [&](uint32_t frame) { return matches(frame, kFlagHide); });
  if (filter.max_depth != 0 && left.size() > filter.max_depth) left.resize(filter.max_depth);
  return left;
}

inline FrameFlagsCache::Flags FlagsFor(const TestTree& tree, const CompiledFilter& compiled) {
  auto flags = std::make_shared<std::vector<FrameFlags>>();
  for (uint32_t frame = 0; frame < tree.frame_count(); ++frame) {
    flags->push_back(compiled.Flags(tree.name(frame)));
  }
  return flags;
}

inline FrameMatcher RandomMatcher(std::mt19937_64& random) {
  if (random() % 3 == 0) return {"", fmt::format("^file{}$", random() % 5)};
  return {fmt::format("^f{}$", random() % 12), ""};
}

inline FrameFilter RandomFilter(std::mt19937_64& random) {
  FrameFilter filter;
  const auto some = [&](std::vector<FrameMatcher>* list, uint64_t most) {
    for (uint64_t i = random() % (most + 1); i > 0; --i) list->push_back(RandomMatcher(random));
  };
  if (random() % 3 == 0) some(&filter.keep, 3);
  if (random() % 3 == 0) some(&filter.drop, 2);
  if (random() % 3 == 0) filter.focus = RandomMatcher(random);
  if (random() % 3 == 0) filter.until = RandomMatcher(random);
  if (random() % 3 == 0) some(&filter.hide, 3);
  if (random() % 3 == 0) filter.max_depth = static_cast<uint32_t>(1 + random() % 6);
  return Normalized(filter);
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_FILTER_TESTING_H_
