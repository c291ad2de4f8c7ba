#include "ingest/series_cap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "ingest/fake_interner.h"

namespace flamekeep::ingest {
namespace {

using storage::Labels;
using testing::HasSubstr;
using Fate = SeriesCap::Fate;

class SeriesCapTest : public ::testing::Test {
 protected:
  SeriesCap::Result Intern(SeriesCap* cap, Labels labels, Beyond beyond,
                           const std::string& site = "eqiad") {
    const auto result = cap->Intern({site, "cpu:samples:count::", std::move(labels)}, beyond);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }
  Labels Left(const SeriesCap::Result& result) { return interner_.SeriesOf(result.id).labels; }

  Metrics metrics_;
  FakeInterner interner_;
};

TEST_F(SeriesCapTest, ARefusalNamesSiteLimitAndLabel) {
  SeriesCap cap(&interner_, {.series = 3}, {{"codfw", {.series = 4}}}, &metrics_);
  for (const char* const user : {"ann", "bob", "eve"}) {
    EXPECT_EQ(Intern(&cap, {{"env", "prod"}, {"user", user}}, Beyond::kRefuse).fate, Fate::kWhole);
  }
  const auto refused = Intern(&cap, {{"env", "prod"}, {"user", "joe"}}, Beyond::kRefuse);
  EXPECT_EQ(refused.fate, Fate::kRefused);
  EXPECT_THAT(refused.why, HasSubstr("Site \"eqiad\" has 3 series, its limit is 3"));
  EXPECT_THAT(refused.why, HasSubstr("\"user\" has the most values, 3"));
  EXPECT_THAT(refused.why, HasSubstr("relabel"));
  EXPECT_THAT(refused.why, testing::Not(HasSubstr("ann")));
  // What is there goes on; others lose their labels; a series without labels is always taken.
  EXPECT_EQ(Intern(&cap, {{"env", "prod"}, {"user", "bob"}}, Beyond::kRefuse).fate, Fate::kWhole);
  const auto bare = Intern(&cap, {{"user", "joe"}}, Beyond::kUnlabel);
  EXPECT_EQ(bare.fate, Fate::kUnlabelled);
  EXPECT_EQ(Left(bare), Labels());
  EXPECT_EQ(Intern(&cap, {}, Beyond::kRefuse).fate, Fate::kWhole);
  // The other site has a limit of its own.
  for (const char* const user : {"a", "b", "c", "d"}) {
    EXPECT_EQ(Intern(&cap, {{"user", user}}, Beyond::kRefuse, "codfw").fate, Fate::kWhole);
  }
  EXPECT_EQ(Intern(&cap, {{"user", "e"}}, Beyond::kRefuse, "codfw").fate, Fate::kRefused);
}

TEST_F(SeriesCapTest, ALabelWithTooManyValuesIsLeftOutAlone) {
  SeriesCap cap(&interner_, {.series = 100, .values_per_label = 2}, {}, &metrics_);
  Intern(&cap, {{"env", "prod"}, {"user", "ann"}}, Beyond::kRefuse);
  Intern(&cap, {{"env", "test"}, {"user", "bob"}}, Beyond::kRefuse);
  const auto kept = Intern(&cap, {{"env", "prod"}, {"user", "eve"}}, Beyond::kUnlabel);
  EXPECT_EQ(kept.fate, Fate::kUnlabelled);
  EXPECT_EQ(Left(kept), (Labels{{"env", "prod"}}));
  EXPECT_EQ(Left(Intern(&cap, {{"env", "x"}, {"user", "eve"}}, Beyond::kUnlabel)), Labels());
  const auto refused = Intern(&cap, {{"user", "eve"}}, Beyond::kRefuse);
  EXPECT_EQ(refused.fate, Fate::kRefused);
  EXPECT_THAT(refused.why, HasSubstr("2 values of the label \"user\""));
  // Values that are there make new series.
  EXPECT_EQ(Intern(&cap, {{"env", "test"}, {"user", "ann"}}, Beyond::kRefuse).fate, Fate::kWhole);
}

TEST_F(SeriesCapTest, CountsWhatIsThere) {
  {
    SeriesCap cap(&interner_, {.series = 2}, {}, &metrics_);
    Intern(&cap, {{"a", "1"}}, Beyond::kRefuse);
    Intern(&cap, {{"a", "2"}}, Beyond::kRefuse);
  }
  SeriesCap again(&interner_, {.series = 2}, {}, &metrics_);
  EXPECT_EQ(Intern(&again, {{"a", "3"}}, Beyond::kRefuse).fate, Fate::kRefused);
  EXPECT_EQ(Intern(&again, {{"a", "2"}}, Beyond::kRefuse).fate, Fate::kWhole);
  std::map<std::string, double> gauges;
  for (const Metrics::Row& row : metrics_.Rows()) gauges[row.name] = row.value;
  EXPECT_EQ(gauges["ingest_series"], 2);
  EXPECT_EQ(gauges["ingest_series_limit"], 2);
}

}  // namespace
}  // namespace flamekeep::ingest
