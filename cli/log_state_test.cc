#include "cli/log_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flamekeep::cli {
namespace {

LogState StateOf(std::string_view lines) {
  LogState state;
  AddLines(lines, &state);
  return state;
}

TEST(LogState, OrderAndPiecesDoNotMatterButLinesDo) {
  const LogState state = StateOf("a;b 1\nc 1\na;b 1\n");
  EXPECT_EQ(state.lines, 3U);
  EXPECT_EQ(state.bytes, 13U);
  EXPECT_TRUE(state.SameContent(StateOf("a;b 1\na;b 1\nc 1")));
  EXPECT_TRUE(state.SameContent(StateOf("\n\nc 1\na;b 1\n\na;b 1\n")));
  LogState pieces;
  AddLines("c 1\n", &pieces);
  AddLines("a;b 1\na;b 1\n", &pieces);
  EXPECT_TRUE(state.SameContent(pieces));

  EXPECT_FALSE(state.SameContent(StateOf("a;b 1\nc 1\n")));
  EXPECT_FALSE(state.SameContent(StateOf("a;b 1\nc 1\na;b 2\n")));
  EXPECT_FALSE(state.SameContent(StateOf("a;b 1\nc 1\nc 1\n")));
}

TEST(LogState, SumCarries) {
  LogState state = StateOf("a 1\n");
  const Digest one = state.sum;
  const unsigned __int128 value = (static_cast<unsigned __int128>(one.high) << 64) | one.low;
  unsigned __int128 want = value;
  for (int i = 0; i < 10; ++i) {
    AddLines("a 1\n", &state);
    want += value;
    EXPECT_EQ(state.sum.low, static_cast<uint64_t>(want));
    EXPECT_EQ(state.sum.high, static_cast<uint64_t>(want >> 64));
  }
}

TEST(LogState, EncodesAndDecodes) {
  LogState state = StateOf("a;b 1\nc 1\n");
  state.files = {1, 2};
  for (const bool is_stale : {false, true}) {
    state.is_stale = is_stale;
    EXPECT_EQ(LogState::Decode(state.Encode()), state);
  }
  EXPECT_EQ(LogState::Decode(""), std::nullopt);
  EXPECT_EQ(LogState::Decode(state.Encode().substr(0, 20)), std::nullopt);
  EXPECT_EQ(LogState::Decode("\x02" + state.Encode().substr(1)), std::nullopt);
}

TEST(LogState, FilesAreKnownByNameSizeAndTime) {
  const LogFile file = {"logs/hourly/x.log", 10, 20};
  const Digest digest = DigestOfFiles({file});
  EXPECT_EQ(DigestOfFiles({{"elsewhere/x.log", 10, 20}}), digest);
  EXPECT_NE(DigestOfFiles({{"logs/hourly/x.log.gz", 10, 20}}), digest);
  EXPECT_NE(DigestOfFiles({{"logs/hourly/x.log", 11, 20}}), digest);
  EXPECT_NE(DigestOfFiles({{"logs/hourly/x.log", 10, 21}}), digest);
  EXPECT_NE(DigestOfFiles({file, file}), digest);
}

}  // namespace
}  // namespace flamekeep::cli
