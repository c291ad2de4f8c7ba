#include "query/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace flamekeep::query {
namespace {

std::string Canonical(std::string_view selector) {
  const auto parsed = ParseSelector(selector);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return CanonicalSelector(*parsed, "wall:samples:count::");
}

TEST(CanonicalSelectorTest, OneWayOfWriting) {
  EXPECT_EQ(Canonical(R"(wall{a="1",b=~"2"})"),
            Canonical(R"(wall:samples:count::{ b=~'2' , a=`1` })"));
  EXPECT_EQ(Canonical(R"(wall{a="1",a="1"})"), Canonical(R"(wall{a="1"})"));
  EXPECT_NE(Canonical(R"(wall{a="1"})"), Canonical(R"(wall{a=~"1"})"));
  // No list of matchers looks like another one.
  EXPECT_NE(Canonical(R"(wall{a="1;1:b;1:=;1:2"})"), Canonical(R"(wall{a="1",b="2"})"));
}

TEST(AnswerVersionTest, EachPartCounts) {
  const absl::Time begin = absl::FromUnixSeconds(1'700'000'000);
  const Coverage coverage{.requested = {begin, begin + absl::Minutes(1)},
                          .covered = {begin, begin + absl::Minutes(2)}};
  std::set<std::string> versions = {AnswerVersion("q", coverage, 1),
                                    AnswerVersion("r", coverage, 1),
                                    AnswerVersion("q", coverage, storage::Digest{1} << 64)};
  const auto with = [&](auto change) {
    Coverage changed = coverage;
    change(&changed);
    versions.insert(AnswerVersion("q", changed, 1));
  };
  with([](Coverage* c) { c->requested.end += absl::Nanoseconds(1); });
  with([](Coverage* c) { c->covered.begin -= absl::Minutes(1); });
  const storage::SourceGap gap{{.site = "a", .name = "b"}, {1, 2, storage::GapReason::kTrimmed}};
  with([&](Coverage* c) { c->gaps = {gap}; });
  with([&](Coverage* c) { c->gaps = {gap, gap}; });
  with([&](Coverage* c) { c->gaps = {{gap.source, {1, 3, storage::GapReason::kTrimmed}}}; });
  EXPECT_EQ(versions.size(), 8u);
  // What does not change the answer, or is told beside it.
  with([](Coverage* c) { c->columns = 7; });
  with([](Coverage* c) { c->complete_through = absl::UnixEpoch(); });
  with([](Coverage* c) { c->final = true; });
  EXPECT_EQ(versions.size(), 8u);
}

// The hash is part of permanent links: it must not change unless kEncoderVersion does.
TEST(AnswerVersionTest, IsPinned) {
  const Coverage coverage{.requested = {absl::UnixEpoch(), absl::UnixEpoch() + absl::Hours(1)},
                          .covered = {absl::UnixEpoch(), absl::UnixEpoch() + absl::Hours(1)}};
  EXPECT_EQ(AnswerVersion(Canonical("wall") + "folded,false;", coverage, 42),
            "46b8aaeb54b90be1d6cb7ebc0e600688");
}

}  // namespace
}  // namespace flamekeep::query
