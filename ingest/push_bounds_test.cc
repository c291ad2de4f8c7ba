#include "ingest/push_bounds.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "ingest/push_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::Level;
using storage::StackValues;
using ::testing::HasSubstr;

uint64_t Of(const LineCounts& counts, Reject reject) {
  return counts.reasons[static_cast<size_t>(reject)];
}

TEST(PushBoundsTest, SentencesNameTheBound) {
  const PushBounds bounds{.max_late = absl::Hours(48), .max_early = absl::Minutes(90)};
  EXPECT_THAT(bounds.Sentence(Reject::kTooLate), HasSubstr("over 2d before"));
  EXPECT_THAT(bounds.Sentence(Reject::kTooLate), HasSubstr("push.max_late"));
  EXPECT_THAT(bounds.Sentence(Reject::kTooEarly), HasSubstr("over 1h30m ahead"));
  EXPECT_EQ(bounds.Sentence(Reject::kNoCount), RejectSentence(Reject::kNoCount));
}

class BoundedPushTest : public PushTest {
 protected:
  BoundedPushTest() { now_ = kDay + absl::Hours(24 * 7); }

  std::string Line(absl::Duration from_now, std::string_view stack = "a 1") {
    return fmt::format("{}\texcimer\t{}\n", absl::ToUnixMicros(now_ + from_now), stack);
  }
  double Rejected(std::string_view reason) {
    double sum = 0;
    for (const Metrics::Row& row : metrics_.Rows()) {
      if (row.name != "ingest_rejected_lines_total") continue;
      for (const auto& [name, value] : row.labels) {
        if (name == "reason" && value == reason) sum += row.value;
      }
    }
    return sum;
  }
};

TEST_F(BoundedPushTest, TimedLinesOutsideAreCountedAndTheRestIsStored) {
  Open(Timed());
  const absl::Duration late = absl::Hours(24 * 7);
  const LineCounts counts =
      Append({.number = 1,
              .lines = Line(-late - absl::Microseconds(1), "late 1") + Line(-late, "edge 1") +
                       Line(absl::ZeroDuration(), "now 1") + Line(absl::Minutes(5), "ahead 1") +
                       Line(absl::Minutes(5) + absl::Microseconds(1), "early 1") +
                       Line(-late * 100, "old 1") + "junk\n"})
          .counts;
  EXPECT_EQ(counts.samples, 3u);
  EXPECT_EQ(counts.rejected, 4u);
  EXPECT_EQ(Of(counts, Reject::kTooLate), 2u);
  EXPECT_EQ(Of(counts, Reject::kTooEarly), 1u);
  EXPECT_EQ(Of(counts, Reject::kNoTime), 1u);
  EXPECT_EQ(Rejected("too_late"), 2);
  EXPECT_EQ(Rejected("too_early"), 1);
  EXPECT_EQ(Sum(kDay - absl::Hours(1), now_ + absl::Hours(1)),
            (StackValues{{"edge", 1}, {"now", 1}, {"ahead", 1}}));
  EXPECT_EQ(session_->durable().number, 1u);
}

TEST_F(BoundedPushTest, FoldedLinesHaveOneTime) {
  const auto push = [&](absl::Time time, Level resolution) {
    PushIdentity identity = Folded();
    identity.time = time;
    identity.resolution = resolution;
    Open(identity);
    return Append({.number = 1, .lines = "a 1\nb 1\n"}).counts;
  };
  EXPECT_EQ(push(kDay + absl::Minutes(1), Level::kMinute).samples, 2u);
  EXPECT_EQ(Of(push(kDay - absl::Minutes(1), Level::kMinute), Reject::kTooLate), 2u);
  EXPECT_EQ(Of(push(now_ + absl::Minutes(6), Level::kMinute), Reject::kTooEarly), 2u);
  // A bucket counts as long as some of it is within.
  EXPECT_EQ(push(kDay, Level::kDay).samples, 2u);
  EXPECT_EQ(Of(push(kDay - absl::Hours(24), Level::kDay), Reject::kTooLate), 2u);
}

TEST_F(BoundedPushTest, WhatLiveSourcesHaveMadeFinalIsLeftOutAndCounted) {
  const std::string type = "excimer:samples:count::";
  const storage::SourceId live =
      *store_->InternSource({storage::SourceKind::kStream, "eqiad", "excimer"});
  store_->SetLiveSources({{live, {type}}});
  ASSERT_TRUE(store_
                  ->Append({.source = live,
                            .progress = {.begins_ms = absl::ToUnixMillis(kDay),
                                         .complete_through_ms = absl::ToUnixMillis(now_)}})
                  .ok());
  ASSERT_TRUE(store_->Flush().ok());
  Open(Timed());
  const std::string lines = Line(-absl::Hours(1), "final 1") + Line(-absl::Minutes(1), "final 1") +
                            Line(absl::ZeroDuration(), "now 1") + "junk\n";
  const PushBatch batch = {.number = 1, .lines = lines};
  const LineCounts counts = Append(batch).counts;
  EXPECT_EQ(counts.samples, 1u);
  EXPECT_EQ(counts.rejected, 3u);
  EXPECT_EQ(Of(counts, Reject::kFinal), 2u);
  EXPECT_EQ(Rejected("final"), 2);
  EXPECT_THAT(PushBounds().Sentence(Reject::kFinal), HasSubstr("--amend"));
  // The client goes on with the next batch.
  EXPECT_EQ(session_->durable().number, 1u);
  EXPECT_TRUE(Append(batch).duplicate);
  const auto named = hub_->AppendNamed(Timed(), "id", {.lines = lines});
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(Of(named->counts, Reject::kFinal), 2u);
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(Sum(kDay, now_ + absl::Hours(1)), (StackValues{{"now", 2}}));
}

TEST_F(BoundedPushTest, ImportsHaveNoBounds) {
  PushIdentity identity = Timed();
  identity.kind = storage::SourceKind::kImport;
  Open(identity);
  EXPECT_EQ(Append({.number = 1, .lines = Line(-absl::Hours(24 * 365)) + Line(absl::Hours(1))})
                .counts.samples,
            2u);
}

TEST_F(BoundedPushTest, AmendIsForImports) {
  PushIdentity identity = Folded();
  identity.amend = true;
  EXPECT_EQ(hub_->Open(identity).status().code(), absl::StatusCode::kInvalidArgument);
}

class NamedPushTest : public PushTest {
 protected:
  // How it went and whether it was a duplicate.
  absl::StatusOr<bool> Push(std::string_view id, std::string_view lines = "a 1",
                            const std::string& source = "client") {
    const auto appended = hub_->AppendNamed(Folded(source), id, {.lines = lines});
    if (!appended.ok()) return appended.status();
    EXPECT_EQ(appended->counts.lines, appended->duplicate ? 0u : 1u);
    const absl::Status durable = store_->WaitDurable(*appended->ticket);
    if (!durable.ok()) return durable;
    return appended->duplicate;
  }
};

TEST_F(NamedPushTest, ABatchWithAnIdCountsOnce) {
  EXPECT_EQ(*Push("one"), false);
  EXPECT_EQ(*Push("one"), true);
  EXPECT_EQ(*Push(std::string("one\0", 4)), false);
  EXPECT_EQ(*Push("one", "a 1", "other client"), false);
  Restart();
  EXPECT_EQ(*Push("one"), true);
  EXPECT_EQ(Sum(), (StackValues{{"a", 3}}));
  // The numbers of the same source have nothing to do with it.
  Open(Folded());
  EXPECT_EQ(session_->durable().number, 0u);
  EXPECT_FALSE(Append({.number = 1, .lines = "a 1"}).duplicate);
  EXPECT_EQ(*Push("two"), false);
}

TEST_F(NamedPushTest, TheSameIdAtOnceCountsOnce) {
  constexpr int kThreads = 8;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int id = 0; id < 50; ++id) {
        EXPECT_TRUE(hub_->AppendNamed(Folded(), std::to_string(id), {.lines = "a 1"}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(Sum(), (StackValues{{"a", 50}}));
}

TEST_F(NamedPushTest, WhatIsRefused) {
  EXPECT_EQ(Push("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Push(std::string(kMaxBatchIdBytes, 'x')).ok());
  EXPECT_EQ(Push(std::string(kMaxBatchIdBytes + 1, 'x')).status().code(),
            absl::StatusCode::kInvalidArgument);
  for (const PushBatch& batch :
       {PushBatch{.number = 1, .lines = "a 1"}, PushBatch{.lines = "a 1", .cursor = "c"},
        PushBatch{.lines = "a 1", .replace = PushBatch::Replace{.last = true}}}) {
    EXPECT_EQ(hub_->AppendNamed(Folded(), "id", batch).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(*Push("id"), false);
}

TEST_F(NamedPushTest, OpeningLeavesNoSource) {
  const size_t before = store_->Sources().size();
  Open(Folded());
  EXPECT_EQ(AppendError({.number = 2, .lines = "a 1"}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(AppendError({.number = 1, .lines = "a 1", .compression = Compression::kZstd}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(hub_->AppendNamed(Folded(), "", {.lines = "a 1"}).ok());
  session_.reset();
  EXPECT_EQ(store_->Sources().size(), before);
  Open(Folded());
  Append({.number = 1, .lines = "a 1"});
  EXPECT_EQ(store_->Sources().size(), before + 1);
}

TEST_F(NamedPushTest, AForgottenClientIsTold) {
  Open(Folded());
  Append({.number = 1, .lines = "a 1"});
  Append({.number = 2, .lines = "a 1"});
  // While it is connected it may be silent for as long as it likes.
  clock_.Advance(absl::Hours(24 * 60));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  Append({.number = 3, .lines = "a 1"});
  session_.reset();
  clock_.Advance(absl::Hours(24 * 31));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  Open(Folded());
  EXPECT_EQ(session_->durable().number, 0u);
  const absl::Status status = session_->Append({.number = 4, .lines = "a 1"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("push.forget_clients"));
  Append({.number = 1, .lines = "a 1"});
  EXPECT_EQ(Sum(), (StackValues{{"a", 4}}));
}

TEST_F(NamedPushTest, ImportsAreNotForgotten) {
  ReplaceAll(Level::kHour, kDay, "a 1\n", 1);
  session_.reset();
  clock_.Advance(absl::Hours(24 * 365));
  ASSERT_TRUE(store_->RunMaintenance().ok());
  Open(Log(Level::kHour, kDay));
  EXPECT_EQ(session_->durable().number, 1u);
}

}  // namespace
}  // namespace flamekeep::ingest
