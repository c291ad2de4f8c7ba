// Differences: what an answer says of itself, its order and its bounds.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "query/diff.h"
#include "query/diff_testing.h"

namespace flamekeep::query {
namespace {

using ::testing::HasSubstr;

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
      version(Between(0, 60), Between(60, 120), {.by = FunctionOrder::kSelf}),
      version(Between(0, 60), Between(60, 120), {.tree = true}),
      version(Between(0, 60), Between(60, 120), {.tree = true, .max_nodes = 9})};
  EXPECT_EQ(versions.size(), 7);
  EXPECT_TRUE(versions.contains(version(Between(0, 60), Between(60, 120), {})));
}

// The same samples may lie in other buckets: then noise is another.
TEST_F(DiffTest, VersionTellsWhereSamplesLie) {
  const auto version = [](int minute) {
    const storage::TestDirectory directory;
    storage::TestStore store(directory.path());
    for (int i = 0; i < 40; ++i) {
      AppendTo(&*store, kBegin + absl::Minutes(i), "f0;f1", 2, "index");
    }
    AppendTo(&*store, kBegin + absl::Minutes(minute), "f0;f2", 5, "index");
    EXPECT_TRUE(store->Flush().ok());
    const auto diff = Engine(&*store).MakeDiff(Between(0, 20), Between(20, 40), {}, Context());
    EXPECT_TRUE(diff.ok()) << diff.status();
    return diff->coverage.version;
  };
  EXPECT_EQ(version(23), version(23));
  EXPECT_NE(version(23), version(27));
  EXPECT_NE(version(3), version(7));
}

TEST_F(DiffTest, OrderAndLimit) {
  // A function of its own, in every minute of the selection and in none before.
  for (int minute = 60; minute < 120; ++minute) {
    Append(kBegin + absl::Minutes(minute), "regression", 9, "index");
  }
  ASSERT_TRUE(store_->Flush().ok());
  for (const FunctionOrder by : {FunctionOrder::kTotal, FunctionOrder::kSelf}) {
    const bool by_self = by == FunctionOrder::kSelf;
    const Diff diff = MakeDiff(Between(0, 60), Between(60, 120), {.by = by});
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
    const Diff first = MakeDiff(Between(0, 60), Between(60, 120), {.limit = 1, .by = by});
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
  EXPECT_THAT(error({.limit = kMaxDiffFunctions + 1}), HasSubstr("`limit` is 100001"));
  EXPECT_THAT(error({.min_share = -1}), HasSubstr("`min_share` is -1"));
  EXPECT_THAT(error({.max_nodes = kMaxMaxNodes + 1}), HasSubstr("`max_nodes` is 5000001"));
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
