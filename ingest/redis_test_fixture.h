// What tests of Redis sources share: a store, a pipeline into it, a clock, and a source on a
// server.
//
// Thread safety: none.
#ifndef FLAMEKEEP_INGEST_REDIS_TEST_FIXTURE_H_
#define FLAMEKEEP_INGEST_REDIS_TEST_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/interner.h"
#include "ingest/pipeline.h"
#include "ingest/redis_source_options.h"
#include "ingest/redis_testing.h"
#include "storage/snapshot.h"
#include "storage/store_testing.h"

namespace flamekeep::ingest {

inline const absl::Time kNoon =
    absl::FromCivil(absl::CivilHour(2026, 11, 20, 12), absl::UTCTimeZone());

inline bool Eventually(const std::function<bool()>& holds) {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

// `Source`: RedisSource or RedisStreamSource.
template <typename Source>
class RedisFixture : public ::testing::Test {
 protected:
  using StackValues = storage::StackValues;

  RedisFixture() : store_(directory_.path()), interner_(&*store_), clock_(kNoon) { SetRules({}); }

  // Sources that are started from now on decode by these.
  void SetRules(const RuleOptions& rules) {
    pipeline_ = *Pipeline::Make(&interner_, {.rules = *Rules::Make(rules),
                                             .profile_types = {{"mapped", "cpu:cpu:nanoseconds::"}},
                                             .metrics = &metrics_,
                                             .caches = {.stacks = 64, .frames = 64}});
  }

  RedisSourceOptions Options(const RedisAddress& address) {
    RedisSourceOptions options{.site = "eqiad", .address = address, .node = "node1"};
    options.chunk_age = absl::Milliseconds(2);
    options.ping_after = absl::Seconds(5);
    options.connect_timeout = absl::Milliseconds(300);
    options.min_backoff = absl::Milliseconds(1);
    options.max_backoff = absl::Milliseconds(20);
    options.stream_idle = absl::Milliseconds(20);
    options.now = [this] { return clock_.Now(); };
    return options;
  }

  std::unique_ptr<Source> Start(RedisSourceOptions options) {
    auto source = Source::Start(std::move(options), pipeline_.get(), &*store_);
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }

  // Starts reading as a server does that has no other sources.
  std::unique_ptr<Source> StartLive(const RedisSourceOptions& options) {
    auto source = Start(options);
    store_->SetLiveSources(source->live());
    return source;
  }

  static bool Connected(const Source& source) {
    return Eventually([&] { return source.Status()[0].connected; });
  }
  static bool Received(const Source& source, uint64_t messages, size_t index = 0) {
    return Eventually([&] { return source.Status()[index].messages >= messages; });
  }

  // Of one minute.
  StackValues Sum(std::string_view profile, absl::Time begin, std::string_view site = "eqiad") {
    EXPECT_TRUE(store_->Flush().ok());
    return store_.Sum(profile, begin, begin + absl::Minutes(1), nullptr, {std::string(site)});
  }
  StackValues Sum(std::string_view profile) { return Sum(profile, begin_); }

  double Count(std::string_view name) {
    double sum = 0;
    for (const Metrics::Row& row : metrics_.Rows()) sum += row.name == name ? row.value : 0;
    return sum;
  }

  int64_t Ms(absl::Duration after) const { return absl::ToUnixMillis(begin_ + after); }

  // What an answer about excimer's two hours from `begin_` would say.
  storage::Completeness Now() {
    EXPECT_TRUE(store_->Flush().ok());
    const auto snapshot = *store_->NewSnapshot();
    const auto plan =
        snapshot->MakePlan(begin_, begin_ + absl::Hours(2), {store_.Series("excimer")});
    EXPECT_TRUE(plan.ok()) << plan.status();
    const auto completeness = snapshot->CompletenessOf(
        *plan, "excimer:samples:count::", [](std::string_view) { return true; });
    EXPECT_TRUE(completeness.ok()) << completeness.status();
    return *completeness;
  }

  bool CompleteThrough(absl::Duration after) {
    return Eventually([&] { return Now().complete_through_ms == Ms(after); });
  }

  std::vector<storage::Gap> Gaps() {
    std::vector<storage::Gap> gaps;
    for (const storage::SourceGap& gap : Now().gaps) gaps.push_back(gap.gap);
    return gaps;
  }

  absl::Time begin_ = kNoon;  // of what the tests look at
  Metrics metrics_;
  storage::TestDirectory directory_;
  storage::TestStore store_;
  StoreInterner interner_;
  std::unique_ptr<Pipeline> pipeline_;
  storage::TestClock clock_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_TEST_FIXTURE_H_
