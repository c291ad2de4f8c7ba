// Random writes, late writes, replacements, deletions, expiries and rollups: an engine with a cache
// gives the same answers as one without.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "query/engine.h"
#include "storage/deletion.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using storage::Level;

const absl::Time kStart = absl::FromUnixSeconds(1'793'491'200);  // 2026-11-01
constexpr int kDays = 40;

// All of an answer but what it took.
std::string TextOf(const Coverage& coverage) {
  return fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {}\n", absl::ToUnixSeconds(coverage.requested.begin),
      absl::ToUnixSeconds(coverage.requested.end), absl::ToUnixSeconds(coverage.covered.begin),
      absl::ToUnixSeconds(coverage.covered.end), coverage.widened, coverage.total,
      coverage.observations, coverage.saturated, coverage.profile_type, coverage.final,
      coverage.version);
}

std::string TextOf(const FlameGraph& graph) {
  std::string text =
      fmt::format("{}{} {}\n", TextOf(graph.coverage), graph.cut_nodes, graph.cut_total);
  for (size_t i = 0; i < graph.size(); ++i) {
    text += fmt::format("{} {} {} {} {}\n", graph.depth[i], graph.names[graph.name[i]],
                        graph.files[graph.file[i]], graph.total[i], graph.self[i]);
  }
  return text;
}

std::string TextOf(const Comparison& comparison) {
  std::string text = TextOf(comparison.coverage);
  for (const CompareRow& row : comparison.rows) {
    text +=
        fmt::format("{} {} {} {}\n", row.value, row.observations, row.total, row.function_total);
  }
  return text;
}

std::string TextOf(const Diff& diff) {
  std::string text =
      fmt::format("{}{}{} {} {} {}\n", TextOf(diff.baseline), TextOf(diff.coverage),
                  diff.baseline_buckets, diff.buckets, diff.function_count, diff.beyond_noise);
  for (const DiffFunction& row : diff.functions) {
    text += fmt::format("{} {} {} {} {} {}\n", row.function, row.self.baseline, row.self.value,
                        row.total.baseline, row.total.value, row.total.share.p_value);
  }
  if (diff.tree.has_value()) {
    for (size_t i = 0; i < diff.tree->size(); ++i) {
      text += fmt::format("{} {}\n", diff.tree->graph.total[i], diff.tree->baseline_total[i]);
    }
  }
  return text;
}

class EngineCacheTest : public ::testing::Test {
 protected:
  absl::Time RandomTime() { return kStart + absl::Minutes(random_() % (kDays * 24 * 60)); }

  void Append(absl::Time time, Level resolution = Level::kMinute) {
    std::string stack = "main";
    for (uint64_t depth = random_() % 4; depth > 0; --depth) {
      stack += fmt::format(";f{}", random_() % 6);
    }
    store_.Append(time, random_() % 3 == 0 ? "cpu" : "excimer", stack, 1 + random_() % 9,
                  resolution, random_() % 2 == 0 ? "eqiad" : "codfw");
  }

  // The cached engine is asked twice.
  template <typename Question>
  void Ask(const Question& ask) {
    const auto expected = ask(plain_);
    for (int i = 0; i < 2; ++i) {
      const auto answer = ask(cached_);
      ASSERT_EQ(answer.status().code(), expected.status().code());
      if (!expected.ok()) return;
      ASSERT_EQ(TextOf(*answer), TextOf(*expected));
    }
  }

  void AskAtRandom() {
    const char* const selectors[] = {"excimer", "cpu", "excimer{site=\"eqiad\"}",
                                     "excimer{site=~\"codfw|eqiad\"}"};
    Selection selection{.selector = selectors[random_() % 4]};
    // Few different ones, so that they come again.
    const int first = static_cast<int>(random_() % 4) * 10;
    selection.begin = kStart + absl::Hours(24 * first);
    selection.end = selection.begin + absl::Hours(random_() % 2 == 0 ? 24 * 10 : 7);
    if (random_() % 3 == 0) selection.begin += absl::Minutes(17);
    if (random_() % 6 == 0) {
      const CompareOptions by_site = {.label = "site"};
      Ask([&](const Engine& engine) { return engine.Compare(selection, by_site, Context()); });
    } else if (random_() % 6 == 0) {
      Selection baseline = selection;
      baseline.end = selection.begin + (selection.end - selection.begin) / 2;
      const DiffOptions options = {.tree = random_() % 2 == 0};
      Ask([&](const Engine& engine) {
        return engine.MakeDiff(baseline, selection, options, Context());
      });
    } else {
      const FlameGraphOptions options = {.inverted = random_() % 3 == 0,
                                         .max_nodes = random_() % 2 == 0 ? 0u : 5u};
      Ask([&](const Engine& engine) {
        return engine.MakeFlameGraph(selection, options, Context());
      });
    }
  }

  uint64_t Count(std::string_view name) {
    return metrics_.GetCounter(name, Severity::kInfo, "").value();
  }

  std::mt19937_64 random_{7};
  storage::TestDirectory directory_;
  storage::TestClock clock_{kStart + absl::Hours(24 * (kDays + 1))};
  storage::TestStore store_{[this] {
    storage::StoreOptions options = storage::TestOptions(directory_.path(), &clock_);
    options.retention.keep[0] = absl::Hours(24 * 30);
    options.retention.keep[1] = absl::Hours(24 * 35);
    return options;
  }()};
  Metrics metrics_;
  ResultCache cache_{{.max_bytes = uint64_t{256} << 10, .metrics = &metrics_}};
  const Engine plain_{&*store_};
  const Engine cached_{&*store_, &cache_};
};

TEST_F(EngineCacheTest, GivesWhatAnEngineWithoutOneGives) {
  for (int i = 0; i < 200; ++i) Append(RandomTime());
  uint64_t number = 0;
  for (int round = 0; round < 400 && !HasFatalFailure(); ++round) {
    switch (random_() % 12) {
      case 0:
      case 1:
        Append(RandomTime());
        break;
      case 2:
        Append(RandomTime(), random_() % 2 == 0 ? Level::kHour : Level::kDay);
        break;
      case 3:
        clock_.Set(clock_.Now() + absl::Hours(6));
        ASSERT_TRUE(store_->RunMaintenance(random_() % 2 == 0).ok());
        break;
      case 4: {
        const absl::Time hour = kStart + absl::Hours(24 * 38 + static_cast<int>(++number));
        store_.Replace(Level::kHour, hour, {{"main;log", 1 + random_() % 5}}, 1);
        break;
      }
      case 5: {
        const absl::Time day = kStart + absl::Hours(24 * (random_() % kDays));
        // Not where a bucket can not be divided, or nothing is there.
        store_->Delete(day, day + absl::Hours(24 * (1 + random_() % 3)), {store_.Series("cpu")})
            .IgnoreError();
        break;
      }
      default:
        AskAtRandom();
    }
  }
  EXPECT_GT(Count("query_cache_hits_total"), 150);
  EXPECT_GT(Count("query_cache_misses_total"), 50);
}

// The sum of all samples is the same before and afterwards.
TEST_F(EngineCacheTest, ASampleAtAnotherTimeAndSiteIsAnotherAnswer) {
  const absl::Time day = kStart + absl::Hours(24 * (kDays - 1));
  const Selection selection{
      .selector = "cpu", .begin = day, .end = day + absl::Hours(24), .filter = {}};
  const auto series = [&] {
    return cached_.MakeSeries(selection, {.step = {Level::kHour, 1}}, Context());
  };
  const auto sites = [&] { return cached_.Compare(selection, {.label = "site"}, Context()); };
  store_.Append(day + absl::Hours(3), "cpu", "main", 5, Level::kMinute, "eqiad");
  const auto series_before = series();
  const auto sites_before = sites();
  ASSERT_TRUE(series_before.ok() && sites_before.ok());
  ASSERT_TRUE(store_->Delete(day, day + absl::Hours(24), {store_.Series("cpu", "eqiad")}).ok());
  store_.Append(day + absl::Hours(7), "cpu", "main", 5, Level::kMinute, "codfw");
  const auto series_after = series();
  const auto sites_after = sites();
  ASSERT_TRUE(series_after.ok() && sites_after.ok());

  EXPECT_EQ(series_after->coverage.total, series_before->coverage.total);
  EXPECT_EQ(series_before->groups.at(0).points.at(3).total, 5);
  EXPECT_EQ(series_after->groups.at(0).points.at(3).total, 0);
  EXPECT_EQ(series_after->groups.at(0).points.at(7).total, 5);
  EXPECT_NE(series_after->coverage.version, series_before->coverage.version);
  EXPECT_EQ(sites_before->rows.at(0).value, "eqiad");
  EXPECT_EQ(sites_after->rows.at(0).value, "codfw");
  EXPECT_NE(sites_after->coverage.version, sites_before->coverage.version);
}

TEST_F(EngineCacheTest, ReadsNothingWhereNothingHasChanged) {
  const Selection selection{"excimer", kStart, kStart + absl::Hours(48)};
  for (int i = 0; i < 20; ++i) Append(kStart + absl::Minutes(i));
  const auto columns = [&] {
    return cached_.MakeFlameGraph(selection, {}, Context())->coverage.columns;
  };
  EXPECT_GT(columns(), 0);
  EXPECT_EQ(columns(), 0);
  // A change elsewhere, a rollup, and another view of the same content, which is read once more.
  Append(kStart + absl::Hours(72));
  EXPECT_EQ(columns(), 0);
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  EXPECT_EQ(columns(), 0);
  EXPECT_GT(cached_.MakeFlameGraph(selection, {.inverted = true}, Context())->coverage.columns, 0);
  // The same of comparisons and differences.
  const auto compared = [&] {
    return cached_.Compare(selection, {.label = "site"}, Context())->coverage.columns;
  };
  const auto differing = [&] {
    return cached_.MakeDiff(selection, selection, {}, Context())->coverage.columns;
  };
  EXPECT_GT(compared(), 0);
  EXPECT_GT(differing(), 0);
  Append(kStart + absl::Hours(73));
  EXPECT_EQ(compared(), 0);
  EXPECT_EQ(differing(), 0);
  // Late samples of another type: the headers tell that nothing changed.
  uint64_t hits = Count("query_cache_hits_total");
  store_.Append(kStart, "other", "a", 1);
  EXPECT_GT(columns(), 0);
  EXPECT_EQ(Count("query_cache_hits_total"), hits + 1);
  EXPECT_EQ(columns(), 0);
  // Of this one.
  hits = Count("query_cache_hits_total");
  store_.Append(kStart, "excimer", "a", 1);
  EXPECT_GT(columns(), 0);
  EXPECT_EQ(Count("query_cache_hits_total"), hits);
}

}  // namespace
}  // namespace flamekeep::query
