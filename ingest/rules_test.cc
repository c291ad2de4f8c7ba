#include "ingest/rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

using storage::Labels;
using ::testing::HasSubstr;

// The second column is what Python 3 gives for re.match(r'(?:[^;]+/)*(\w+).php', stack).
TEST(EntryPointTest, IsArcLampsTag) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"/srv/mediawiki/w/index.php;/srv/x.php;main", "index"},
      {"index.php;a", "index"},
      {"/srv/x/thumb-handler.php;a", ""},
      {"thumb-handler.php;a", ""},
      {"/srv/mediawiki/rpc/RunSingleJob.php;x", "RunSingleJob"},
      {"/srv/php/x-y.php;a", ""},
      {"a;b/index.php", ""},
      {"index;phpx", "index"},
      {"/a/index;phpx", "index"},
      {"main;foo.php", ""},
      {"été.php", "été"},
      {"/a/naïve.php;b", "naïve"},
      {"日本.php", "日本"},
      {"", ""},
      {"/", ""},
      {"a/b/c", ""},
      {"x/y.php7", "y"},
      {"x.php/y.php/z;q", "y"},
      {"load_php;x", "load"},
      {"/srv/1.php", "1"},
      {"a.phpb/c-d;e", "a"},
      {"aphp", ""},
      {"/xphp", ""},
      {".php", ""},
      {"a/.php", ""},
      {"foo bar.php", ""},
      {"x y/z.php", "z"},
  };
  for (const auto& [stack, tag] : cases) EXPECT_EQ(EntryPoint(stack), tag) << stack;
}

Labels MatchLabels(const Rules& rules, std::string_view stack) {
  Labels labels;
  bool too_long = false;
  rules.MatchLabels(stack, &labels, &too_long);
  return labels;
}

TEST(RulesTest, EntryPointIsTheDefault) {
  EXPECT_EQ(MatchLabels(Rules(), "/w/index.php;a"), (Labels{{"entry_point", "index"}}));
  EXPECT_EQ(MatchLabels(Rules(), "thumb-handler.php;a"), Labels());
  const auto off = Rules::Make({.entry_point = false});
  ASSERT_TRUE(off.ok());
  EXPECT_EQ(MatchLabels(*off, "/w/index.php;a"), Labels());
}

TEST(RulesTest, LabelRules) {
  const auto rules = Rules::Make({.labels = {
                                      {"kind", ";(Edit|View)Action"},
                                      {"kind", "(Api)"},
                                      {"leaf", "^(.*);(?P<leaf>[^;]+)$"},
                                      {"entry_point", "^/custom/(\\w+)"},
                                  }});
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(MatchLabels(*rules, "/custom/x/index.php;EditAction;Api"),
            (Labels{{"entry_point", "x"}, {"kind", "Edit"}, {"leaf", "Api"}}));
  EXPECT_EQ(MatchLabels(*rules, "/w/index.php;Api;f"),
            (Labels{{"entry_point", "index"}, {"kind", "Api"}, {"leaf", "f"}}));
}

TEST(RulesTest, LongValuesAreLeftOut) {
  const auto rules = Rules::Make({.labels = {{"first", "^([^;]+)"}}});
  ASSERT_TRUE(rules.ok());
  Labels labels;
  bool too_long = false;
  rules->MatchLabels(std::string(kMaxLabelValueBytes, 'a'), &labels, &too_long);
  EXPECT_FALSE(too_long);
  labels.clear();
  rules->MatchLabels(std::string(kMaxLabelValueBytes + 1, 'a'), &labels, &too_long);
  EXPECT_TRUE(too_long);
  EXPECT_EQ(labels, Labels());
}

std::pair<std::string, Labels> Rewrite(const Rules& rules, std::string frame) {
  Labels labels;
  bool too_long = false;
  rules.RewriteFrame(&frame, &labels, &too_long);
  return {frame, labels};
}

TEST(RulesTest, FrameRulesRewriteAndLift) {
  const auto rules = Rules::Make({.frames = {{"/php-(?P<version>[^/]+)/", "/php/"}}});
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_TRUE(rules->has_frame_rules());
  const auto [frame, labels] = Rewrite(*rules, "/srv/php-1.46.0-wmf.3/index.php");
  EXPECT_EQ(frame, "/srv/php/index.php");
  EXPECT_EQ(labels, (Labels{{"version", "1.46.0-wmf.3"}}));
  EXPECT_EQ(Rewrite(*rules, "main").first, "main");
  EXPECT_EQ(Rewrite(*rules, "main").second, Labels());
}

TEST(RulesTest, FrameRulesRunInOrderAndReplaceEveryMatch) {
  const auto rules = Rules::Make(
      {.frames = {{"(?P<n>\\d+)", "#"}, {"#(\\w)", "\\1\\\\"}, {"(?P<n>x)", "y"}, {"^z$", ""}}});
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(Rewrite(*rules, "12a34b").first, "a\\b\\");
  EXPECT_EQ(Rewrite(*rules, "12a34x").second, (Labels{{"n", "12"}}));
  EXPECT_EQ(Rewrite(*rules, "x").second, (Labels{{"n", "x"}}));
  EXPECT_EQ(Rewrite(*rules, "z").first, "");
}

TEST(RulesTest, HashTellsRulesApart) {
  const RuleOptions options[] = {
      {},
      {.entry_point = false},
      {.labels = {{"a", "(b)"}}},
      {.labels = {{"a", "(b)"}, {"a", "(c)"}}},
      {.labels = {{"a", "(c)"}, {"a", "(b)"}}},
      {.frames = {{"a", "b"}}},
      {.frames = {{"a", "b"}, {"c", "d"}}},
      {.frames = {{"c", "d"}, {"a", "b"}}},
      {.frames = {{"ab", ""}}},
  };
  std::set<uint64_t> hashes;
  for (const RuleOptions& one : options) {
    const auto rules = Rules::Make(one);
    ASSERT_TRUE(rules.ok()) << rules.status();
    EXPECT_TRUE(hashes.insert(rules->Hash()).second);
    EXPECT_EQ(Rules::Make(one)->Hash(), rules->Hash());
  }
  EXPECT_EQ(*hashes.begin() == 0, false);
  EXPECT_EQ(Rules().Hash(), Rules::Make({})->Hash());
}

TEST(RulesTest, BadRulesAreNamed) {
  const std::pair<RuleOptions, std::string> cases[] = {
      {{.frames = {{"a(", "b"}}}, "frame rule \"a(\" is no regular expression"},
      {{.frames = {{"", "b"}}}, "empty"},
      {{.frames = {{"a(b)", "\\2"}}}, "\"a(b)\" can not be replaced by \"\\2\""},
      {{.frames = {{"a", "b;c"}}}, "';'"},
      {{.frames = {{"a", "b\n"}}}, "control"},
      {{.frames = {{"(?P<site>a)", "b"}}}, "\"site\" is taken"},
      {{.frames = {{"(?P<__x>a)", "b"}}}, "\"__x\" is taken"},
      {{.frames = {{"(?P<1x>a)", "b"}}}, "1x"},
      {{.labels = {{"a", "b"}}}, "has no group"},
      {{.labels = {{"a", "(b"}}}, "label rule \"(b\" is no regular expression"},
      {{.labels = {{"a-b", "(b)"}}}, "\"a-b\" is no name for a label"},
      {{.labels = {{"", "(b)"}}}, "is no name for a label"},
  };
  for (const auto& [options, message] : cases) {
    const auto rules = Rules::Make(options);
    ASSERT_EQ(rules.status().code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_THAT(Message(rules.status()), HasSubstr(message));
  }
}

TEST(RulesTest, LabelsOfAllRulesAreBounded) {
  RuleOptions options;
  for (size_t i = 1; i < kMaxRuleLabels; ++i) {
    options.labels.push_back({fmt::format("l{}", i), "(x)"});
    options.frames.push_back({fmt::format("(?P<l{}>x)", i), "y"});
  }
  EXPECT_TRUE(Rules::Make(options).ok());  // entry_point is the last one
  options.frames.push_back({"(?P<more>x)", "y"});
  EXPECT_THAT(Message(Rules::Make(options).status()), HasSubstr("65 different labels"));
}

TEST(AddLabelTest, FirstWinsAndOrderHolds) {
  Labels labels;
  AddLabel("b", "1", &labels);
  AddLabel("c", "2", &labels);
  AddLabel("a", "3", &labels);
  AddLabel("b", "4", &labels);
  AddLabel("d", "", &labels);
  EXPECT_EQ(labels, (Labels{{"a", "3"}, {"b", "1"}, {"c", "2"}}));
}

}  // namespace
}  // namespace flamekeep::ingest
