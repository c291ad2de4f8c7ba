#include "query/diff.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "query/engine.h"
#include "query/range_buckets.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using ::testing::HasSubstr;

const absl::Time kBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21
constexpr absl::Duration kSpan = absl::Hours(6);

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
    storage::Batch batch;
    batch.source = *store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = "eqiad", .name = "test"});
    const auto series = *store_->InternSeries({.site = "eqiad",
                                               .profile_type = "wall:samples:count::",
                                               .labels = {{"entry_point", entry_point}}});
    std::vector<storage::FrameId> frames;
    std::istringstream path(stack);
    for (std::string frame; std::getline(path, frame, ';');) {
      frames.push_back(*store_->dictionary().InternFrame(frame));
    }
    batch.samples.push_back({.minute = *storage::MinuteOf(time),
                             .series = series,
                             .stack = *store_->dictionary().InternStack(frames),
                             .value = value});
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
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

TEST_F(DiffTest, FunctionsAreThoseOfAnOracle) {
  for (const auto& [begin, middle, end] :
       {std::tuple(0, 60, 120), {0, 90, 360}, {13, 17, 300}, {0, 3, 6}}) {
    const Selection baseline = Between(begin, middle);
    const Selection selection = Between(middle, end);
    const Diff diff = MakeDiff(baseline, selection);
    ExpectFunctions(diff, Look(baseline), Look(selection));
    EXPECT_EQ(diff.coverage.total,
              Engine(&*store_).MakeFlameGraph(selection, {}, Context())->coverage.total);
  }
}

TEST_F(DiffTest, StacksAreThoseOfAnOracle) {
  const Selection baseline = Between(0, 100);
  const Selection selection = Between(100, 360);
  const Diff diff = MakeDiff(baseline, selection, {.tree = true});
  Naive before = Look(baseline);
  Naive after = Look(selection);
  const std::set<std::string> seen = ExpectTree(*diff.tree, before, after);
  std::set<std::string> all;
  for (const auto& [path, value] : before.below) all.insert(path);
  for (const auto& [path, value] : after.below) all.insert(path);
  EXPECT_EQ(seen, all);
  EXPECT_EQ(diff.tree->graph.cut_total, 0);
  EXPECT_EQ(diff.tree->baseline_cut_total, 0);
}

TEST_F(DiffTest, CutsWhatIsNarrowInBoth) {
  const Selection baseline = Between(0, 100);
  const Selection selection = Between(100, 360);
  Naive before = Look(baseline);
  Naive after = Look(selection);
  const auto width = [&](const std::string& path) {
    return std::max(ShareOf(before.below[path], before.size.total),
                    ShareOf(after.below[path], after.size.total));
  };
  std::set<std::string> all;
  for (const auto& [path, value] : before.below) all.insert(path);
  for (const auto& [path, value] : after.below) all.insert(path);
  for (const uint32_t max_nodes : {1u, 2u, 10u, 50u, 300u}) {
    const Diff diff = MakeDiff(baseline, selection, {.tree = true, .max_nodes = max_nodes});
    const std::set<std::string> seen = ExpectTree(*diff.tree, before, after);
    EXPECT_LE(seen.size(), max_nodes);
    EXPECT_GE(seen.size(), max_nodes * 2 / 3);
    double narrowest = 1;
    for (const std::string& path : seen) narrowest = std::min(narrowest, width(path));
    for (const std::string& path : all) {
      if (!seen.contains(path)) {
        EXPECT_LT(width(path), narrowest) << path;
      }
    }
    // What was left out is what is missing.
    uint64_t selfs = 0;
    for (const uint64_t self : diff.tree->baseline_self) selfs += self;
    EXPECT_EQ(selfs + diff.tree->baseline_cut_total, before.below[""]);
  }
  const Diff diff = MakeDiff(baseline, selection, {.tree = true, .min_share = 0.02});
  const std::set<std::string> seen = ExpectTree(*diff.tree, before, after);
  for (const std::string& path : all) EXPECT_EQ(seen.contains(path), width(path) >= 0.02) << path;
}

TEST_F(DiffTest, FiltersOfBothSides) {
  const FrameFilter filters[] = {{},
                                 {.drop = {{"f3", ""}}},
                                 {.focus = {"f1", ""}},
                                 {.hide = {{"f2", ""}}},
                                 {.focus = {"f4", ""}, .hide = {{"f0", ""}}, .max_depth = 3}};
  for (const FrameFilter& one : filters) {
    for (const FrameFilter& other : filters) {
      SCOPED_TRACE(FilterName(Normalized(one)) + " and " + FilterName(Normalized(other)));
      const Selection baseline = Between(0, 10, one);
      const Selection selection = Between(10, 40, other);
      const Diff diff = MakeDiff(baseline, selection, {.tree = true});
      const Naive before = Look(baseline);
      const Naive after = Look(selection);
      ExpectFunctions(diff, before, after);
      std::set<std::string> all = {""};
      for (const auto& [path, value] : before.below) all.insert(path);
      for (const auto& [path, value] : after.below) all.insert(path);
      EXPECT_EQ(ExpectTree(*diff.tree, before, after), all);
      const Diff cut = MakeDiff(baseline, selection, {.tree = true, .max_nodes = 20});
      ExpectTree(*cut.tree, before, after);
    }
  }
}

TEST_F(DiffTest, TheSameWhateverIsRolledUpOrKnown) {
  const auto text = [&] {
    std::string out;
    const Diff diff = MakeDiff(Between(0, 120), Between(120, 360), {.tree = true});
    for (const DiffFunction& function : diff.functions) {
      out += fmt::format("{} {} {} {}\n", function.function, function.total.share.difference,
                         function.total.share.p_value, static_cast<int>(function.total.verdict));
    }
    for (size_t i = 0; i < diff.tree->size(); ++i) {
      out += fmt::format("{} {}\n", diff.tree->graph.total[i], diff.tree->share[i].p_value);
    }
    return out + diff.baseline.version + diff.coverage.version;
  };
  const std::string before = text();
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  EXPECT_EQ(text(), before);
}

TEST_F(DiffTest, VersionNamesBothSelections) {
  const auto version = [&](const Selection& baseline, const Selection& selection,
                           const DiffOptions& options) {
    return MakeDiff(baseline, selection, options).coverage.version;
  };
  std::set<std::string> versions = {
      version(Between(0, 60), Between(60, 120), {}),
      version(Between(0, 61), Between(60, 120), {}),
      version(Between(0, 60, {.drop = {{"f1", ""}}}), Between(60, 120), {}),
      version(Between(0, 60), Between(60, 120), {.limit = 7}),
      version(Between(0, 60), Between(60, 120), {.by_self = true}),
      version(Between(0, 60), Between(60, 120), {.tree = true}),
      version(Between(0, 60), Between(60, 120), {.tree = true, .max_nodes = 9})};
  EXPECT_EQ(versions.size(), 7);
  EXPECT_TRUE(versions.contains(version(Between(0, 60), Between(60, 120), {})));
}

TEST_F(DiffTest, OrderAndLimit) {
  // A function of its own, in every minute of the selection and in none before.
  for (int minute = 60; minute < 120; ++minute) {
    Append(kBegin + absl::Minutes(minute), "regression", 9, "index");
  }
  ASSERT_TRUE(store_->Flush().ok());
  for (const bool by_self : {false, true}) {
    const Diff diff = MakeDiff(Between(0, 60), Between(60, 120), {.by_self = by_self});
    EXPECT_EQ(diff.functions[0].function, "regression");
    EXPECT_EQ(diff.functions[0].total.verdict, Verdict::kBeyondNoise);
    EXPECT_GE(diff.beyond_noise, 1);
    for (size_t i = 1; i < diff.functions.size(); ++i) {
      const Compared& a = by_self ? diff.functions[i - 1].self : diff.functions[i - 1].total;
      const Compared& b = by_self ? diff.functions[i].self : diff.functions[i].total;
      const bool a_is_beyond = a.verdict == Verdict::kBeyondNoise;
      const bool b_is_beyond = b.verdict == Verdict::kBeyondNoise;
      EXPECT_GE(a_is_beyond, b_is_beyond);
      if (a_is_beyond != b_is_beyond) continue;
      EXPECT_GE(std::abs(a.share.difference), std::abs(b.share.difference));
    }
    const Diff first = MakeDiff(Between(0, 60), Between(60, 120), {.limit = 1, .by_self = by_self});
    EXPECT_EQ(first.functions.size(), 1);
    EXPECT_EQ(first.function_count, diff.function_count);
  }
}

TEST_F(DiffTest, EmptyAndShortRanges) {
  const Diff empty = MakeDiff(Between(-600, -300), Between(0, 60), {.tree = true});
  EXPECT_FALSE(empty.enough());
  EXPECT_EQ(empty.baseline_buckets, 0);
  EXPECT_EQ(empty.buckets, 60);
  for (const DiffFunction& function : empty.functions) {
    EXPECT_EQ(function.total.verdict, Verdict::kNotEnoughData);
    EXPECT_GT(function.total.share.difference, 0);
  }
  EXPECT_GT(empty.tree->size(), 1);
  const Diff nothing = MakeDiff(Between(-600, -300), Between(-300, -200), {.tree = true});
  EXPECT_TRUE(nothing.functions.empty());
  EXPECT_EQ(nothing.tree->size(), 1);
  EXPECT_FALSE(MakeDiff(Between(0, 4), Between(60, 120)).enough());
  EXPECT_TRUE(MakeDiff(Between(0, 5), Between(60, 120)).enough());
}

TEST_F(DiffTest, WithItself) {
  const Diff diff = MakeDiff(Between(0, 60), Between(0, 60), {.tree = true});
  EXPECT_EQ(diff.beyond_noise, 0);
  for (const DiffFunction& function : diff.functions) {
    EXPECT_EQ(function.total.share.difference, 0);
  }
  for (const Verdict verdict : diff.tree->verdict) EXPECT_NE(verdict, Verdict::kBeyondNoise);
}

TEST_F(DiffTest, Errors) {
  const auto error = [&](const DiffOptions& options, const Context& context = {}) {
    return std::string(Engine(&*store_)
                           .MakeDiff(Between(0, 60), Between(60, 120), options, context)
                           .status()
                           .message());
  };
  EXPECT_THAT(error({.limit = kMaxDiffFunctions + 1}), HasSubstr("limit is 100001"));
  EXPECT_THAT(error({.min_share = -1}), HasSubstr("min_share is -1"));
  EXPECT_THAT(error({.max_nodes = kMaxMaxNodes + 1}), HasSubstr("max_nodes is 5000001"));
  EXPECT_NE(error({.tree = true}, {.memory_bytes = 1000}), "");
}

// Wherever it is cancelled, it ends there.
TEST_F(DiffTest, CanBeCancelledAnywhere) {
  const DiffOptions options{.tree = true};
  int asked = 0;
  const auto run = [&](int limit) {
    asked = 0;
    return Engine(&*store_)
        .MakeDiff(Between(0, 60), Between(60, 120, {.hide = {{"f2", ""}}}), options,
                  {.cancelled = [&asked, limit] { return ++asked > limit; }})
        .status();
  };
  ASSERT_TRUE(run(1'000'000'000).ok());
  const int all = asked;
  for (int limit = 0; limit < all; limit += 1 + all / 60) {
    EXPECT_TRUE(absl::IsCancelled(run(limit))) << limit;
    EXPECT_EQ(asked, limit + 1);
  }
}

}  // namespace
}  // namespace flamekeep::query
