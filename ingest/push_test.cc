#include "ingest/push.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <zstd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/civil_time.h"
#include "base/metrics.h"
#include "base/status.h"
#include "ingest/interner.h"
#include "ingest/pipeline.h"
#include "ingest/push_testing.h"
#include "storage/store_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::Level;
using storage::StackValues;
using ::testing::HasSubstr;

std::string Zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

TEST_F(PushTest, BatchesCountOnce) {
  Open(Folded());
  EXPECT_EQ(session_->durable(), storage::Position{});
  LineCounts counts{.lines = 2, .samples = 1, .rejected = 1};
  counts.reasons[static_cast<size_t>(Reject::kNoCount)] = 1;
  EXPECT_EQ(Append({.number = 1, .lines = "a;b 1\nbad\n", .cursor = "one"}).counts, counts);
  Append({.number = 2, .lines = "a;b 2\na;c 5", .cursor = "two"});
  EXPECT_EQ(session_->durable(), (storage::Position{2, "two"}));

  const Appended again = Append({.number = 1, .lines = "a;b 1\n"});
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.counts.lines, 4u);
  EXPECT_EQ(AppendError({.number = 4, .lines = "x 1"}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(AppendError({.number = 0, .lines = "x 1"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Sum(), (StackValues{{"a;b", 3}, {"a;c", 5}}));
}

TEST_F(PushTest, NumbersSurviveTheProcessAndTheRules) {
  Open(Folded());
  Append({.number = 1, .lines = "a 1", .cursor = "one"});
  Append({.number = 2, .lines = "a 1", .cursor = std::string("two\0", 4)});
  Restart();
  MakeHub(*Rules::Make({.frames = {{"b", "c"}}}));
  Open(Folded());
  EXPECT_EQ(session_->durable(), (storage::Position{2, std::string("two\0", 4)}));
  EXPECT_TRUE(Append({.number = 2, .lines = "a 1"}).duplicate);
  Append({.number = 3, .lines = "a 1"});
  EXPECT_EQ(Sum(), (StackValues{{"a", 3}}));
}

TEST_F(PushTest, OneSenderASource) {
  Open(Folded());
  const auto second = hub_->Open(Folded());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(second.status()), HasSubstr("client"));
  // Another time or format is another stream of numbers.
  PushIdentity later = Folded();
  later.time = kDay + absl::Hours(1);
  EXPECT_TRUE(hub_->Open(later).ok());
  EXPECT_TRUE(hub_->Open(Timed()).ok());
  session_.reset();
  EXPECT_TRUE(hub_->Open(Folded()).ok());
}

TEST_F(PushTest, ASessionAfterOneThatDidNotWait) {
  Open(Folded());
  ASSERT_TRUE(session_->Append({.number = 1, .lines = "a 1"}).ok());
  Open(Folded());
  const Appended again = Append({.number = 1, .lines = "a 1"});
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(session_->durable().number, 1u);
  EXPECT_EQ(Sum(), (StackValues{{"a", 1}}));
}

TEST_F(PushTest, TimedLines) {
  Open(Timed());
  const int64_t start = absl::ToUnixMicros(kDay);
  Append({.number = 1,
          .lines = std::to_string(start) + "\texcimer\ta 1\n" +
                   std::to_string(start + 3600'000'000) + "\texcimer\tb 1\n-1\texcimer\tb 1\n"});
  EXPECT_EQ(Sum(), (StackValues{{"a", 1}, {"b", 1}}));
  EXPECT_EQ(Sum(kDay + absl::Hours(1)), (StackValues{{"b", 1}}));
  EXPECT_EQ(session_->Append({.number = 2, .lines = "x", .replace = PushBatch::Replace{}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PushTest, APushWithoutATimeHappensNow) {
  now_ = kDay + absl::Hours(3);
  PushIdentity identity = Folded();
  identity.time.reset();
  Open(identity);
  Append({.number = 1, .lines = "a 1"});
  EXPECT_EQ(Sum(kDay + absl::Hours(3), kDay + absl::Hours(4)), (StackValues{{"a", 1}}));
}

TEST_F(PushTest, Zstd) {
  Open(Folded());
  Append({.number = 1, .lines = Zstd("a 1\nb 2\n"), .compression = Compression::kZstd});
  EXPECT_EQ(Sum(), (StackValues{{"a", 1}, {"b", 2}}));
  const std::string bomb = Zstd(std::string(kMaxUnpackedBytes + 1, 'a'));
  EXPECT_EQ(AppendError({.number = 2, .lines = bomb, .compression = Compression::kZstd}),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(AppendError({.number = 2, .lines = "a 1", .compression = Compression::kZstd}),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PushTest, SessionsThatWaitHoldNoBatches) {
  constexpr size_t kSessions = 4;
  const std::string packed = Zstd(std::string(kMaxUnpackedBytes, '\n'));
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const size_t before = in_use();
  std::vector<std::unique_ptr<PushSession>> sessions;
  for (size_t i = 0; i < kSessions; ++i) {
    Open(Folded("client" + std::to_string(i)));
    Append({.number = 1, .lines = packed, .compression = Compression::kZstd});
    sessions.push_back(std::move(session_));
  }
  EXPECT_LT(in_use(), before + kMaxUnpackedBytes);
}

TEST_F(PushTest, Limits) {
  Open(Folded());
  const std::string large(kMaxBatchBytes + 1, 'a');
  EXPECT_EQ(AppendError({.number = 1, .lines = large}), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(AppendError({.number = 1, .cursor = std::string(kMaxCursorBytes + 1, 'c')}),
            absl::StatusCode::kInvalidArgument);
  Append({.number = 1, .lines = "a 1", .cursor = std::string(kMaxCursorBytes, 'c')});
}

TEST_F(PushTest, IdentitiesThatAreRefused) {
  const auto refused = [&](auto change) {
    PushIdentity identity = Folded();
    change(&identity);
    return hub_->Open(identity).status().code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](PushIdentity* i) { i->source = ""; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->source = std::string(kMaxSourceBytes + 1, 'a'); }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->source = "a\n"; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->site = "no site"; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->profile_type = ""; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->profile_type = "no type"; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->time = absl::UnixEpoch() - absl::Hours(1); }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->time = absl::InfiniteFuture(); }));
  EXPECT_TRUE(refused([&](PushIdentity* i) { i->time = now_ + kMaxAhead + absl::Seconds(1); }));
  EXPECT_FALSE(refused([&](PushIdentity* i) { i->time = now_ + kMaxAhead; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->labels = {{"site", "x"}}; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->labels = {{"a", "\xff"}}; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->labels = {{"a", "1"}, {"a", "2"}}; }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->labels.resize(kMaxLabels + 1); }));
  EXPECT_TRUE(refused([](PushIdentity* i) { i->format = PushFormat::kTimedFolded; }));
  EXPECT_TRUE(refused([](PushIdentity* i) {
    i->kind = storage::SourceKind::kImport;
    i->time.reset();
  }));
  // None of them left a lease behind.
  EXPECT_TRUE(hub_->Open(Folded()).ok());
}

TEST_F(PushTest, ARefusedOpenLeavesNoSource) {
  PushIdentity identity = Folded();
  for (size_t i = 0; i < kMaxTypesPerSite; ++i) {
    identity.profile_type = fmt::format("t{}", i);
    Open(identity);
  }
  const size_t sources = store_->Sources().size();
  identity.profile_type = "more";
  EXPECT_EQ(hub_->Open(identity).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(store_->Sources().size(), sources);
}

TEST_F(PushTest, LabelsOfTheClientBecomeSeries) {
  PushIdentity identity = Folded();
  identity.labels = {{"host", "mw1"}, {"datacenter", "a"}, {"empty", ""}};
  Open(identity);
  Append({.number = 1, .lines = "index.php;f 1"});
  EXPECT_THAT(
      store_->Series(),
      ::testing::Contains(::testing::Field(
          &storage::SeriesKey::labels,
          storage::Labels{{"datacenter", "a"}, {"entry_point", "index"}, {"host", "mw1"}})));
}

TEST_F(PushTest, TheMostLabelsOfClientAndRules) {
  RuleOptions rules{.entry_point = false};
  PushIdentity identity = Folded();
  for (size_t i = 0; i < kMaxLabels; ++i) identity.labels.push_back({fmt::format("c{}", i), "v"});
  for (size_t i = 0; i < kMaxRuleLabels; ++i)
    rules.labels.push_back({fmt::format("r{}", i), "(.)"});
  session_.reset();
  MakeHub(*Rules::Make(rules));
  Open(identity);
  EXPECT_EQ(Append({.number = 1, .lines = "a 1"}).counts.samples, 1u);
  EXPECT_EQ(store_->Series().back().labels.size(), kMaxLabels + kMaxRuleLabels);

  storage::SeriesKey key = store_->Series().back();
  key.labels.push_back({"s", "one more"});
  const auto refused = store_->InternSeries(key).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(refused), HasSubstr("at most 128"));
}

TEST_F(PushTest, AReplacementTakesThePlaceOfWhatWasThere) {
  ReplaceAll(Level::kHour, kDay, "a 1\na 2\nb 1\n", 1);
  EXPECT_EQ(Sum(), (StackValues{{"a", 3}, {"b", 1}}));
  ReplaceAll(Level::kHour, kDay, "a 4\nc 1\n", 2);
  EXPECT_EQ(Sum(), (StackValues{{"a", 4}, {"c", 1}}));
  ReplaceAll(Level::kHour, kDay, "z 1\n", 2);  // sent twice
  EXPECT_EQ(Sum(), (StackValues{{"a", 4}, {"c", 1}}));
}

TEST_F(PushTest, AReplacementOfManyBatchesIsOne) {
  Open(Log(Level::kDay, kDay));
  const PushBatch::Replace more{};
  const PushBatch::Replace last{.last = true};
  EXPECT_EQ(Append({.number = 1, .lines = "a 1\n", .replace = more}).ticket, std::nullopt);
  EXPECT_EQ(AppendError({.number = 2, .lines = "x 1\n"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AppendError({.number = 3, .lines = "x 1\n", .replace = more}),
            absl::StatusCode::kFailedPrecondition);
  Append({.number = 2, .lines = "a 1\nb 1\n", .replace = more});
  EXPECT_EQ(session_->durable().number, 0u);

  // Not finished: nothing is left behind, also not the numbers.
  Restart();
  Open(Log(Level::kDay, kDay));
  EXPECT_EQ(session_->durable().number, 0u);
  EXPECT_EQ(Sum(), StackValues());
  Append({.number = 1, .lines = "a 1\n", .replace = more});
  Append({.number = 1, .lines = "a 7\n", .replace = more});  // started again
  Append({.number = 2, .lines = "b 1\n", .replace = more});
  Append({.number = 3, .lines = "a 1\n", .cursor = "end", .replace = last});
  EXPECT_EQ(session_->durable(), (storage::Position{3, "end"}));
  EXPECT_EQ(Sum(), (StackValues{{"a", 8}, {"b", 1}}));

  Restart();
  Open(Log(Level::kDay, kDay));
  EXPECT_EQ(session_->durable(), (storage::Position{3, "end"}));
  EXPECT_TRUE(Append({.number = 3, .lines = "a 1\n", .replace = last}).duplicate);
  Append({.number = 4, .lines = "c 1\n", .replace = more});
  Append({.number = 5, .replace = last});
  EXPECT_EQ(Sum(), (StackValues{{"c", 1}}));
}

TEST_F(PushTest, FinerReplacementsOfTheOwnerAreLeftOut) {
  ReplaceAll(Level::kHour, kDay, "a 1\nb 1\n", 1);
  ReplaceAll(Level::kHour, kDay + absl::Hours(1), "a 2\n", 1);
  ReplaceAll(Level::kDay, kDay, "a 5\nb 1\nc 1\n", 1, /*subtract_finer=*/true);
  EXPECT_EQ(Sum(), (StackValues{{"a", 5}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(Sum(kDay, kDay + absl::Hours(1)), Sum());  // widened to the day
}

TEST_F(PushTest, MemoryOfReplacementsIsBounded) {
  max_replacement_bytes_ = 10'000;
  Restart();
  Open(Log(Level::kDay, kDay));
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "f" + std::to_string(i) + " 1\n";
  // By itself too large: nothing that others do makes room.
  EXPECT_EQ(AppendError({.number = 1, .lines = lines, .replace = PushBatch::Replace{}}),
            absl::StatusCode::kFailedPrecondition);
  // What was collected is gone, and with it what it counted.
  Append({.number = 1, .lines = "a 1", .replace = PushBatch::Replace{.last = true}});
  EXPECT_EQ(Sum(), (StackValues{{"a", 1}}));

  // Two that share it.
  lines.resize(lines.find("f150 "));
  const PushBatch half{.number = 2, .lines = lines, .replace = PushBatch::Replace{}};
  ASSERT_TRUE(session_->Append(half).ok());
  PushIdentity other = Log(Level::kDay, kDay + absl::Hours(24));
  auto second = hub_->Open(other);
  ASSERT_TRUE(second.ok());
  PushBatch first = half;
  first.number = 1;
  EXPECT_EQ((*second)->Append(first).status().code(), absl::StatusCode::kResourceExhausted);
  session_.reset();
  EXPECT_TRUE((*second)->Append(first).ok());
}

}  // namespace
}  // namespace flamekeep::ingest
