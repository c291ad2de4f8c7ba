// For tests of differences: a store of random samples, and an oracle that takes its numbers from
// folded text.
//
// Thread safety: none.
#ifndef FLAMEKEEP_QUERY_DIFF_TESTING_H_
#define FLAMEKEEP_QUERY_DIFF_TESTING_H_

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "query/diff.h"
#include "query/engine.h"
#include "query/range_buckets.h"
#include "storage/store_testing.h"

namespace flamekeep::query {

// What a selection holds, the slow way: from its folded text, bucket by bucket.
struct Naive {
  RangeSize size;
  std::map<std::string, RangePart> self;   // by function
  std::map<std::string, RangePart> total;  // the same
  std::map<std::string, uint64_t> below;   // by path: "a;b" of all that begin so
  std::map<std::string, uint64_t> at;      // by path: of what ends there
};

class DiffTest : public ::testing::Test {
 protected:
  static constexpr absl::Time kBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21
  static constexpr absl::Duration kSpan = absl::Hours(6);

  void SetUp() override {
    std::mt19937_64 random(11);
    for (int i = 0; i < 3000; ++i) {
      std::string stack;
      // Few functions, so that many call themselves.
      for (uint64_t depth = 1 + random() % 7; depth > 0; --depth) {
        if (!stack.empty()) stack += ';';
        stack += fmt::format("f{}", random() % 6);
      }
      Append(kBegin + absl::Minutes(random() % (kSpan / absl::Minutes(1))), stack, 1 + random() % 5,
             random() % 2 == 0 ? "index" : "api");
    }
    ASSERT_TRUE(store_->Flush().ok());
  }

  void Append(absl::Time time, const std::string& stack, uint64_t value,
              const std::string& entry_point) {
    AppendTo(&*store_, time, stack, value, entry_point);
  }

  static void AppendTo(storage::Store* store, absl::Time time, const std::string& stack,
                       uint64_t value, const std::string& entry_point) {
    storage::Batch batch;
    batch.source =
        *store->InternSource({.kind = storage::SourceKind::kPush, .site = "eqiad", .name = "test"});
    const auto series = *store->InternSeries({.site = "eqiad",
                                              .profile_type = "wall:samples:count::",
                                              .labels = {{"entry_point", entry_point}}});
    std::vector<storage::FrameId> frames;
    std::istringstream path(stack);
    for (std::string frame; std::getline(path, frame, ';');) {
      frames.push_back(*store->dictionary().InternFrame(frame));
    }
    batch.samples.push_back({.minute = *storage::MinuteOf(time),
                             .series = series,
                             .stack = *store->dictionary().InternStack(frames),
                             .value = value});
    ASSERT_TRUE(store->Append(std::move(batch)).ok());
  }

  // Begin and end in minutes from kBegin.
  static Selection Between(int begin, int end, FrameFilter filter = {}) {
    return {"wall", kBegin + absl::Minutes(begin), kBegin + absl::Minutes(end), std::move(filter)};
  }

  Diff MakeDiff(const Selection& baseline, const Selection& selection, DiffOptions options = {}) {
    if (options.limit == 0) options.limit = 1000;
    auto diff = Engine(&*store_).MakeDiff(baseline, selection, options, Context());
    EXPECT_TRUE(diff.ok()) << diff.status();
    return *std::move(diff);
  }

  std::map<std::string, uint64_t> Folded(const Selection& selection) {
    std::string text;
    EXPECT_TRUE(Engine(&*store_)
                    .WriteFolded(
                        selection, false, Context(),
                        [](const Coverage&) { return absl::OkStatus(); },
                        [&](std::string_view piece) {
                          text += piece;
                          return absl::OkStatus();
                        })
                    .ok());
    std::map<std::string, uint64_t> stacks;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      stacks[line.substr(0, line.rfind(' '))] = std::stoull(line.substr(line.rfind(' ') + 1));
    }
    return stacks;
  }

  Naive Look(const Selection& whole) {
    Naive naive;
    const auto begin = *storage::MinuteOf(whole.begin);
    const auto end = *storage::MinuteOf(whole.end);
    for (storage::Minute at = begin; at < end;) {
      const storage::Minute next = std::min(end, NextBucketStart(at, end - begin));
      Selection bucket = whole;
      bucket.begin = storage::TimeOf(at);
      bucket.end = storage::TimeOf(next);
      AddNaiveBucket(Folded(bucket), &naive);
      at = next;
    }
    return naive;
  }

  static void AddNaiveBucket(const std::map<std::string, uint64_t>& stacks, Naive* naive) {
    std::map<std::string, uint64_t> self;
    std::map<std::string, uint64_t> total;
    uint64_t all = 0;
    for (const auto& [stack, value] : stacks) {
      all += value;
      std::vector<std::string> frames;
      std::istringstream stream(stack);
      for (std::string frame; std::getline(stream, frame, ';');) frames.push_back(frame);
      std::string path;
      for (const std::string& frame : frames) {
        path += (path.empty() ? "" : ";") + frame;
        naive->below[path] += value;
      }
      naive->below[""] += value;
      naive->at[stack] += value;
      if (!frames.empty()) self[frames.back()] += value;
      for (const std::string& frame : std::set<std::string>(frames.begin(), frames.end())) {
        total[frame] += value;
      }
    }
    naive->size.AddBucket(all);
    for (const auto& [function, value] : self) naive->self[function].Add(value, all);
    for (const auto& [function, value] : total) naive->total[function].Add(value, all);
  }

  static void ExpectShare(const ShareDifference& given, const ShareDifference& expected) {
    EXPECT_DOUBLE_EQ(given.difference, expected.difference);
    EXPECT_EQ(given.tested, expected.tested);
    EXPECT_NEAR(given.p_value, expected.p_value, 1e-9);
    EXPECT_NEAR(given.standard_error, expected.standard_error, 1e-9);
  }

  static void ExpectFunctions(const Diff& diff, Naive before, Naive after) {
    std::set<std::string> names;
    for (const auto& [function, part] : before.total) names.insert(function);
    for (const auto& [function, part] : after.total) names.insert(function);
    EXPECT_EQ(diff.function_count, names.size());
    for (const DiffFunction& function : diff.functions) {
      SCOPED_TRACE(function.function);
      EXPECT_EQ(names.erase(function.function), 1);
      for (const bool is_self : {false, true}) {
        const Compared& given = is_self ? function.self : function.total;
        const RangePart old = (is_self ? before.self : before.total)[function.function];
        const RangePart now = (is_self ? after.self : after.total)[function.function];
        EXPECT_EQ(given.baseline, old.value);
        EXPECT_EQ(given.value, now.value);
        ExpectShare(given.share, CompareShares(before.size, old, after.size, now));
      }
    }
    EXPECT_TRUE(names.empty());
  }

  // The paths of the boxes, root "".
  static std::vector<std::string> Paths(const FlameGraph& graph) {
    std::vector<std::string> paths;
    std::vector<std::string> open;
    for (size_t i = 0; i < graph.size(); ++i) {
      open.resize(graph.depth[i]);
      const std::string& name = graph.names[graph.name[i]];
      std::string path;
      if (graph.depth[i] == 1) path = name;
      if (graph.depth[i] > 1) path = open.back() + ";" + name;
      open.push_back(path);
      paths.push_back(path);
    }
    return paths;
  }

  // That each box has the right values; the number of boxes.
  static std::set<std::string> ExpectTree(const DiffGraph& tree, Naive before, Naive after) {
    std::set<std::string> seen;
    const std::vector<std::string> paths = Paths(tree.graph);
    for (size_t i = 0; i < tree.size(); ++i) {
      SCOPED_TRACE(paths[i]);
      EXPECT_TRUE(seen.insert(paths[i]).second);
      EXPECT_EQ(tree.baseline_total[i], before.below[paths[i]]);
      EXPECT_EQ(tree.graph.total[i], after.below[paths[i]]);
      EXPECT_EQ(tree.baseline_self[i], before.at[paths[i]]);
      EXPECT_EQ(tree.graph.self[i], after.at[paths[i]]);
      EXPECT_DOUBLE_EQ(tree.share[i].difference,
                       ShareOf(after.below[paths[i]], after.size.total) -
                           ShareOf(before.below[paths[i]], before.size.total));
    }
    return seen;
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_DIFF_TESTING_H_
