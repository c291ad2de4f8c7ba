#include "ingest/backoff.h"

#include <gtest/gtest.h>

namespace flamekeep::ingest {
namespace {

TEST(BackoffTest, DoublesUpToTheLongest) {
  Backoff backoff(absl::Milliseconds(100), absl::Milliseconds(500));
  for (const int bound : {100, 200, 400, 500, 500}) {
    EXPECT_EQ(backoff.bound(), absl::Milliseconds(bound));
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, absl::ZeroDuration());
    EXPECT_LE(wait, absl::Milliseconds(bound));
  }
  backoff.Reset();
  EXPECT_EQ(backoff.bound(), absl::Milliseconds(100));
}

TEST(BackoffTest, UsesTheWholeRange) {
  Backoff backoff(absl::Seconds(1), absl::Seconds(1));
  int early = 0;
  for (int i = 0; i < 1000; ++i) early += backoff.Next() < absl::Milliseconds(500) ? 1 : 0;
  EXPECT_GT(early, 400);
  EXPECT_LT(early, 600);
}

}  // namespace
}  // namespace flamekeep::ingest
