#include "storage/frame_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flamekeep::storage {
namespace {

TEST(FrameTableTest, HoldsTheRootsFrame) {
  FrameTable frames;
  EXPECT_EQ(frames.size(), 1u);
  EXPECT_EQ(*frames.Intern("", ""), kRootFrame);
  EXPECT_EQ(*frames.Find("", ""), kRootFrame);
  EXPECT_EQ(frames.frame(kRootFrame).function, "");
  EXPECT_EQ(frames.HashedBytes(kRootFrame), std::string_view("\0", 1));
  EXPECT_EQ(frames.size(), 1u);
}

TEST(FrameTableTest, GivesDenseIdsThatStay) {
  // Enough for several chunks, tables and arenas.
  constexpr uint32_t kFrames = 100'000;
  FrameTable frames;
  std::vector<Frame> first_seen = {frames.frame(kRootFrame)};
  for (uint32_t id = 1; id < kFrames; ++id) {
    const std::string function = "function" + std::to_string(id / 2);
    const std::string file = id % 2 == 0 ? "" : "file" + std::to_string(id % 7);
    ASSERT_EQ(frames.Find(function, file), std::nullopt);
    ASSERT_EQ(*frames.Intern(function, file), FrameId{id});
    ASSERT_EQ(*frames.Intern(function, file), FrameId{id});
    first_seen.push_back(frames.frame(FrameId{id}));
  }
  EXPECT_EQ(frames.size(), kFrames);
  for (uint32_t id = 1; id < kFrames; ++id) {
    const Frame frame = frames.frame(FrameId{id});
    ASSERT_EQ(frame.function, "function" + std::to_string(id / 2));
    // Neither ids nor names move.
    ASSERT_EQ(frame.function.data(), first_seen[id].function.data());
    ASSERT_EQ(*frames.Find(frame.function, frame.file), FrameId{id});
  }
}

TEST(FrameTableTest, TellsFunctionAndFileApart) {
  FrameTable frames;
  const FrameId both = *frames.Intern("ab", "c");
  EXPECT_NE(*frames.Intern("a", "bc"), both);
  EXPECT_NE(*frames.Intern("abc", ""), both);
  EXPECT_NE(*frames.Intern("", "abc"), both);
  EXPECT_NE(*frames.Intern(std::string_view("ab\0c", 4), ""), both);
  EXPECT_EQ(frames.HashedBytes(both), std::string_view("ab\0c", 4));
}

TEST(FrameTableTest, TakesNamesLargerThanAnArena) {
  FrameTable frames;
  const std::string name(3'000'000, 'x');
  const FrameId id = *frames.Intern(name, name);
  EXPECT_EQ(*frames.Intern("small", ""), FrameId{2});
  EXPECT_EQ(frames.frame(id).function, name);
  EXPECT_EQ(frames.frame(id).file, name);
}

}  // namespace
}  // namespace flamekeep::storage
