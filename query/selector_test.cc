#include "query/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace flamekeep::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Type, and label op value of each matcher.
std::string Show(std::string_view text) {
  const auto selector = ParseSelector(text);
  if (!selector.ok()) return Message(selector.status());
  std::string out = selector->profile_type;
  for (const Matcher& matcher : selector->matchers) {
    out += fmt::format("|{}{}{}", matcher.label, MatchOpText(matcher.op), matcher.value);
  }
  return out;
}

TEST(Selector, Parses) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"excimer-wall", "excimer-wall"},
      {"  excimer-wall \n", "excimer-wall"},
      {"excimer-wall{}", "excimer-wall"},
      {R"(excimer-wall{site="eqiad",entry_point=~"index|api"})",
       "excimer-wall|site=eqiad|entry_point=~index|api"},
      {R"( a { b != "c" , d !~ "e" , } )", "a|b!=c|d!~e"},
      {"cpu:samples:count:cpu:nanoseconds{a=\"b\"}", "cpu:samples:count:cpu:nanoseconds|a=b"},
      {"memory:alloc_space:bytes::", "memory:alloc_space:bytes::"},
      {R"({site="eqiad"})", "|site=eqiad"},
      {"{}", ""},
      {R"(a{b='it"s'})", "a|b=it\"s"},
      {R"(a{b="\"\\\'\n\t\x41\101\u00e9\U0001F525"})", "a|b=\"\\'\n\tAA\xc3\xa9\xf0\x9f\x94\xa5"},
      {R"(a{b=~`\d+\.`})", R"(a|b=~\d+\.)"},
      {R"(a{b=~"\\d+"})", R"(a|b=~\d+)"},
      {"a{b=\"\xff\"}", "a|b=\xff"},
      {R"(a{b="x",b!="y"})", "a|b=x|b!=y"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Show(text), expected) << text;
}

TEST(Selector, ErrorsTellPlaceAndExpectation) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "position 1: expected a profile type"},
      {"a b", "position 3: expected \"{\" or the end, found \"b\""},
      {"a{", "position 3: expected a label name or \"}\", found the end"},
      {"a{=", "position 3: expected a label name or \"}\", found \"=\""},
      {"a{1=\"\"}", "position 3: expected a label name"},
      {"a{b", "position 4: expected =, !=, =~ or !~, found the end"},
      {"a{b:\"c\"}", "position 4: expected =, !=, =~ or !~, found \":\""},
      {"a{b==\"c\"}", "position 5: expected a quoted value, found \"=\""},
      {"a{b=c}", "position 5: expected a quoted value, found \"c\""},
      {"a{b=", "position 5: expected a quoted value, found the end"},
      {"a{b=\"c}", "position 8: expected the closing \", found the end"},
      {"a{b=`c", "position 7: expected the closing `, found the end"},
      {"a{b=\"c\"", "position 8: expected \",\" or \"}\", found the end"},
      {"a{b=\"c\" d", "position 9: expected \",\" or \"}\", found \"d\""},
      {"a{b=\"c\",,}", "position 9: expected a label name or \"}\", found \",\""},
      {"a{b=\"c\"}x", "position 9: expected the end, found \"x\""},
      {R"(a{b="\d"})", "position 7: expected an escape, found \"d\" (write \\\\ for a backslash)"},
      {R"(a{b="\x4"})", "position 9: expected 2 hexadecimal digits in the escape"},
      {R"(a{b="\400"})", "position 7: expected an octal escape of at most"},
      {R"(a{b="\ud800"})", "position 8: expected a Unicode character, found U+D800"},
      {R"(a{b="\)", "position 7: expected an escape, found the end"},
      {"a{b=~'('}", "position 6: \"(\" is no RE2 expression: missing )"},
      {"a{b=~'(((a{100}){100}){100})'}", "is no RE2 expression"},
      {"a{b\x01", "position 4: expected =, !=, =~ or !~, found \"\\x01\""},
      {"1a", "position 1: "},
      {" a:b", "position 2: "},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(Show(text), HasSubstr(expected)) << text;
    EXPECT_EQ(ParseSelector(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(Selector, SizesAreBounded) {
  EXPECT_THAT(Show(std::string(kMaxSelectorBytes + 1, 'a')), HasSubstr("8193 bytes are too many"));
  std::string many = "a{";
  for (size_t i = 0; i <= kMaxMatchers; ++i) many += "b=\"\",";
  EXPECT_THAT(Show(many + "}"), HasSubstr("more than 64 matchers"));
}

class ResolveTest : public ::testing::Test {
 protected:
  std::string Ids(std::string_view text) {
    const auto selector = ParseSelector(text);
    EXPECT_TRUE(selector.ok()) << selector.status();
    const auto resolved = Resolve(*selector, series_, sites_);
    status_ = resolved.status();
    if (!resolved.ok()) return Message(resolved.status());
    std::string out = resolved->profile_type;
    for (const storage::SeriesId id : resolved->series) out += fmt::format(" {}", Raw(id));
    return out;
  }

  std::vector<storage::SeriesKey> series_ = {
      {},
      {"eqiad", "wall:samples:count::", {{"entry_point", "index"}}},
      {"eqiad", "wall:samples:count::", {{"entry_point", "api"}, {"version", "1.46"}}},
      {"codfw", "wall:samples:count::", {}},
      {"eqiad", "cpu:samples:count:cpu:nanoseconds", {}},
      {"eqiad", "mem:alloc_objects:count::", {}},
      {"eqiad", "mem:alloc_space:bytes::", {}},
  };
  std::vector<std::string> sites_ = {"", "eqiad", "codfw", "esams"};
  absl::Status status_;
};

TEST_F(ResolveTest, Selects) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"wall", "wall:samples:count:: 1 2 3"},
      {"wall:samples:count::", "wall:samples:count:: 1 2 3"},
      {R"(wall{site="eqiad"})", "wall:samples:count:: 1 2"},
      {R"(wall{site!="eqiad"})", "wall:samples:count:: 3"},
      {R"(wall{site=~"e.*"})", "wall:samples:count:: 1 2"},
      {R"(wall{entry_point="index"})", "wall:samples:count:: 1"},
      {R"(wall{entry_point=~"index|api"})", "wall:samples:count:: 1 2"},
      {R"(wall{entry_point=~"inde"})", "wall:samples:count::"},  // anchored
      {R"(wall{entry_point=""})", "wall:samples:count:: 3"},
      {R"(wall{entry_point!=""})", "wall:samples:count:: 1 2"},
      {R"(wall{entry_point!~".+"})", "wall:samples:count:: 3"},
      {R"(wall{nothing=""})", "wall:samples:count:: 1 2 3"},
      {R"(wall{entry_point="api",version!="1.46"})", "wall:samples:count::"},
      {R"(wall{site="esams"})", "wall:samples:count::"},  // known, without this type
      {"cpu", "cpu:samples:count:cpu:nanoseconds 4"},
      {"mem:alloc_space:bytes::", "mem:alloc_space:bytes:: 6"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(Ids(text), expected) << text;
    EXPECT_TRUE(status_.ok());
  }
}

TEST_F(ResolveTest, UnknownNamesListWhatThereIs) {
  EXPECT_EQ(Ids("walls"),
            "no profile type \"walls\" in this store, which has cpu, mem:alloc_objects:count::, "
            "mem:alloc_space:bytes::, wall");
  EXPECT_EQ(status_.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Ids("wall:samples:ns::"),
            "no profile type \"wall:samples:ns::\" in this store, which has cpu, "
            "mem:alloc_objects:count::, mem:alloc_space:bytes::, wall");
  EXPECT_EQ(Ids(R"(wall{site="eqsin"})"),
            "no site=\"eqsin\" in this store, which has codfw, eqiad, esams");
  EXPECT_EQ(status_.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Ids(R"(wall{site=~"x.*"})"),
            "no site=~\"x.*\" in this store, which has codfw, eqiad, esams");
  EXPECT_EQ(Ids("mem"),
            "profile type \"mem\" is not unique: write one of mem:alloc_objects:count::, "
            "mem:alloc_space:bytes::");
  EXPECT_EQ(status_.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Ids(R"({site="eqiad"})"), HasSubstr("the selector names no profile type"));
  EXPECT_EQ(status_.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ResolveTest, ListsAreBounded) {
  for (int i = 0; i < 100; ++i) {
    series_.push_back({"eqiad", fmt::format("t{:03}:samples:count::", i), {}});
  }
  EXPECT_THAT(Ids("x"), HasSubstr("t016 and 84 more"));
}

TEST_F(ResolveTest, EmptyStore) {
  series_ = {};
  sites_ = {};
  EXPECT_EQ(Ids("wall"), "no profile type \"wall\": this store has no samples yet");
  EXPECT_EQ(status_.code(), absl::StatusCode::kNotFound);
}

TEST(Matcher, ExpressionsMatchAcrossLines) {
  const auto selector = ParseSelector(R"(a{b=~"x.y"})");
  ASSERT_TRUE(selector.ok());
  EXPECT_TRUE(selector->matchers[0].Matches("x\ny"));
}

}  // namespace
}  // namespace flamekeep::query
