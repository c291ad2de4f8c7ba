#include "query/frame_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "query/frame_flags_cache.h"
#include "query/query_testing.h"

namespace flamekeep::query {
namespace {

using testing::HasSubstr;

FrameFlags FlagsOf(const FrameFilter& filter, std::string_view function,
                   std::string_view file = "") {
  const auto compiled = CompiledFilter::Compile(filter);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  return compiled->Flags({function, file});
}

TEST(FrameFilterTest, AnExpressionMatchesAnywhereInTheName) {
  const FrameFilter filter = {.drop = {{"Parser::", ""}, {"", "^lib/"}}};
  EXPECT_EQ(FlagsOf(filter, "MediaWiki\\Parser::parse"), kFlagDrop);
  EXPECT_EQ(FlagsOf(filter, "parse", "lib/x.php"), kFlagDrop);
  EXPECT_EQ(FlagsOf(filter, "parse", "a/lib/x.php"), 0);
  EXPECT_EQ(FlagsOf(filter, "lib/", ""), 0);
}

TEST(FrameFilterTest, BothExpressionsOfAMatcherHaveToMatch) {
  const FrameFilter filter = {.focus = {.function = "^f$", .file = "^g$"}};
  EXPECT_EQ(FlagsOf(filter, "f", "g"), kFlagFocus);
  EXPECT_EQ(FlagsOf(filter, "f", ""), 0);
  EXPECT_EQ(FlagsOf(filter, "x", "g"), 0);
}

TEST(FrameFilterTest, EachListHasItsBit) {
  const FrameFilter filter = {.keep = {{"a", ""}, {"b", ""}},
                              .drop = {{"c", ""}},
                              .focus = {"d", ""},
                              .until = {"e", ""},
                              .hide = {{"f", ""}, {"g", ""}}};
  EXPECT_EQ(FlagsOf(filter, "a"), 1);
  EXPECT_EQ(FlagsOf(filter, "b"), 2);
  EXPECT_EQ(FlagsOf(filter, "cd"), kFlagDrop | kFlagFocus);
  EXPECT_EQ(FlagsOf(filter, "e"), kFlagUntil);
  EXPECT_EQ(FlagsOf(filter, "g"), kFlagHide);
  EXPECT_EQ(FlagsOf(filter, "z"), 0);
}

TEST(FrameFilterTest, TheNameTellsEqualFiltersAndOnlyThose) {
  EXPECT_EQ(FilterName(FrameFilter()), "");
  const FrameFilter one = {.keep = {{"b", ""}, {"a", ""}, {"b", ""}}, .hide = {{"", "x"}}};
  const FrameFilter same = {.keep = {{"a", ""}, {"b", ""}}, .hide = {{"", "x"}, {"", "x"}}};
  EXPECT_EQ(FilterName(Normalized(one)), FilterName(Normalized(same)));
  for (const FrameFilter& other :
       {FrameFilter{.drop = {{"a", ""}, {"b", ""}}, .hide = {{"", "x"}}},
        FrameFilter{.keep = {{"a", ""}, {"b", ""}}, .hide = {{"x", ""}}},
        FrameFilter{.keep = {{"a:1:b", ""}}, .hide = {{"", "x"}}},
        FrameFilter{.keep = {{"a", ""}, {"b", ""}}, .hide = {{"", "x"}}, .max_depth = 3}}) {
    EXPECT_NE(FilterName(Normalized(other)), FilterName(Normalized(same)));
  }
}

TEST(FrameFilterTest, WhatCanNotBeAskedIsRefusedByName) {
  const auto refusal = [](const FrameFilter& filter) {
    return CompiledFilter::Compile(filter).status().ToString();
  };
  EXPECT_THAT(refusal({.focus = {"(", ""}}), HasSubstr("`focus` has \"(\", which is no RE2"));
  EXPECT_THAT(refusal({.hide = {{}}}), HasSubstr("`hide` has a matcher without an expression"));
  EXPECT_THAT(refusal({.keep = std::vector<FrameMatcher>(kMaxKeeps + 1, {"a", ""})}),
              HasSubstr("`keep` is given 5 times: at most 4"));
  EXPECT_THAT(refusal({.drop = std::vector<FrameMatcher>(kMaxFrameMatchers + 1, {"a", ""})}),
              HasSubstr("`drop` and `hide` are given 33 times"));
  EXPECT_THAT(refusal({.drop = {{std::string(kMaxFrameExpressionBytes + 1, 'a'), ""}}}),
              HasSubstr("`drop` has an expression of 4097 bytes"));
  EXPECT_THAT(refusal({.until = {"((a{1,500}){1,500})", ""}}), HasSubstr("`until`"));
  EXPECT_THAT(refusal({.max_depth = kMaxFilterDepth + 1}), HasSubstr("`max_depth` is 65536"));
}

TEST(FrameFlagsCacheTest, LooksAtNewFramesOnly) {
  TestTree tree;
  tree.AddFrame("a");
  tree.AddFrame("b");
  FrameFlagsCache cache;
  uint32_t asked = 0;
  const auto names = [&](storage::FrameId id) {
    ++asked;
    return tree(id);
  };
  const FrameFilter filter = {.drop = {{"b", ""}}};
  const auto first = cache.Get(filter, tree.frame_count(), names, Context());
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(**first, testing::ElementsAre(0, 0, kFlagDrop));
  EXPECT_EQ(asked, 3u);
  tree.AddFrame("bb");
  const auto second = cache.Get(filter, tree.frame_count(), names, Context());
  EXPECT_THAT(**second, testing::ElementsAre(0, 0, kFlagDrop, kFlagDrop));
  EXPECT_EQ(asked, 4u);
  // Others push it out in the end.
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(cache.Get({.max_depth = 1u + static_cast<uint32_t>(i)}, 4, names, Context()).ok());
  }
  asked = 0;
  ASSERT_TRUE(cache.Get(filter, 4, names, Context()).ok());
  EXPECT_EQ(asked, 4u);
}

}  // namespace
}  // namespace flamekeep::query
