#include "query/svg_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "query/fold.h"
#include "query/invert.h"
#include "query/layout.h"
#include "query/query_testing.h"
#include "query/svg_palette.h"
#include "query/svg_text.h"

namespace flamekeep::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Svg(const FlameGraph& graph, const SvgOptions& options) {
  return *WriteSvg(graph, options, Context());
}

FlameGraph MakeGraph(const TestTree& tree, const Values& values, bool inverted = false) {
  TestColumns columns;
  columns.Add(values);
  const storage::StackTreeView view = tree.View();
  FlameGraph graph;
  graph.inverted = inverted;
  const std::vector<Box> boxes =
      inverted
          ? InvertColumns(columns.views(), view, tree.frame_count(), {}, Context())->boxes
          : *BoxesOf(FoldColumns(columns.views(), view, {}, Context())->nodes, view, Context());
  EXPECT_TRUE(LayOut(boxes, tree, Context(), 0, &graph).ok());
  const absl::Time begin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21
  graph.coverage.requested = graph.coverage.covered = {begin, begin + absl::Hours(24)};
  graph.coverage.total = graph.total[0];
  graph.coverage.observations = graph.total[0];
  graph.coverage.profile_type = "excimer-wall:samples:count::";
  graph.coverage.unit = "count";
  return graph;
}

// Compares with a file in tests/svg. FLAMEKEEP_UPDATE_GOLDEN=1 in the environment writes it
// instead.
void ExpectGolden(const std::string& name, const std::string& svg) {
  const std::string path = "tests/svg/" + name;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (std::getenv("FLAMEKEEP_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << svg;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_TRUE(golden.str() == svg) << path
                                   << " differs: look at what changed, then run the test "
                                      "again with FLAMEKEEP_UPDATE_GOLDEN=1";
}

// A page view, in little: tests/svg_test.py clicks through it in a browser.
TestTree PageView(Values* values) {
  TestTree tree;
  const auto add = [&](uint32_t parent, const char* function, uint64_t value,
                       const char* file = "") {
    const uint32_t node = tree.AddNode(parent, tree.AddFrame(function, file));
    if (value != 0) (*values)[node] = value;
    return node;
  };
  const uint32_t index = add(0, "/srv/mediawiki/w/index.php", 10);
  const uint32_t run = add(index, "MediaWiki::run", 40);
  const uint32_t parse = add(run, "Parser::parse", 100, "includes/parser/Parser.php");
  const uint32_t strip = add(parse, "Parser::internalParse", 250);
  add(strip, "preg_replace_callback", 150);
  const uint32_t query = add(run, "Wikimedia\\Rdbms\\Database::query", 100);
  add(query, "Wikimedia\\Rdbms\\Database::executeQuery", 150);
  const uint32_t api = add(0, "/srv/mediawiki/w/api.php", 0);
  const uint32_t api_query = add(api, "Wikimedia\\Rdbms\\Database::query", 100);
  add(api_query, "Wikimedia\\Rdbms\\Database::executeQuery", 99);
  add(api, "onlyOnce", 1);
  return tree;
}

TEST(SvgWriter, Golden) {
  Values values;
  const TestTree tree = PageView(&values);
  ExpectGolden("plain.svg", Svg(MakeGraph(tree, values), {.title = "A page view"}));
  ExpectGolden("inverted.svg", Svg(MakeGraph(tree, values, true), {.title = "A page view"}));
}

TEST(SvgWriter, HostileNames) {
  TestTree tree;
  Values values;
  std::vector<std::string> names = {"</title><script>window.hacked = 1</script>",
                                    "]]><script>window.hacked = 1</script>",
                                    "\" onload=\"window.hacked = 1",
                                    "&lt;&#60;&bogus;",
                                    "<!-- -->",
                                    "a (1 samples, 2%)",
                                    "line\nbreak",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xef\xbf\xbe",
                                    "\xe2\x80\xae"
                                    "desrever",
                                    "\xe5\x87\xbd\xe6\x95\xb0\xe5\x90\x8d\xe7\xa7\xb0",
                                    "\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5",
                                    "  two  spaces  "};
  for (int byte = 0; byte < 256; ++byte) {
    names.push_back(fmt::format("byte {} {}", byte, static_cast<char>(byte)));
  }
  for (const std::string& name : names) {
    values[tree.AddNode(0, tree.AddFrame(name, name))] = 1000;
  }
  ExpectGolden("hostile.svg", Svg(MakeGraph(tree, values), {.title = "<b>\"bold\"</b> ]]> \x01"}));
}

TEST(SvgWriter, TitlesAreThoseOfArcLamp) {
  TestTree tree;
  const uint32_t a = tree.AddNode(0, tree.AddFrame("a"));
  const uint32_t b = tree.AddNode(a, tree.AddFrame("b", "b.php"));
  const std::string svg = Svg(MakeGraph(tree, {{a, 1'234}, {b, 8'766}}), {});
  EXPECT_THAT(svg, HasSubstr("<title>all (10,000 samples, 100%)</title>"));
  EXPECT_THAT(svg, HasSubstr("<title>a (10,000 samples, 100.00%)</title>"));
  EXPECT_THAT(svg, HasSubstr("<title>b (8,766 samples, 87.66%)\nb.php</title>"));
  EXPECT_THAT(svg, HasSubstr("<g data-self=\"1234\"><title>a ("));
  EXPECT_THAT(svg, HasSubstr(">excimer-wall:samples:count::</title>"));
  EXPECT_THAT(svg, HasSubstr("2026-11-21 00:00 to 2026-11-22 00:00 UTC · 10,000 samples<"));
}

TEST(SvgWriter, SaysWhatIsMissing) {
  TestTree tree;
  FlameGraph graph = MakeGraph(tree, {{tree.AddNode(0, tree.AddFrame("a")), 1}});
  Coverage& coverage = graph.coverage;
  coverage.complete_through = coverage.requested.end - absl::Hours(1);
  const storage::SourceKey source{.site = "eqiad", .name = "<wall>"};
  const int64_t begin = absl::ToUnixMillis(coverage.requested.begin);
  const storage::SourceGap gap{source, {begin, begin + 60'000, storage::GapReason::kDisconnected}};
  coverage.gaps = {gap, gap};
  std::string svg = Svg(graph, {});
  EXPECT_THAT(svg, HasSubstr(" · complete through 2026-11-21 23:00:00 UTC<"));
  EXPECT_THAT(svg, HasSubstr(">samples are missing from 2026-11-21 00:00 to 2026-11-21 00:01 UTC "
                             "(eqiad/&lt;wall&gt;: disconnected) and 1 times more<"));
  coverage.gaps.clear();
  coverage.complete_through = coverage.requested.end - absl::Seconds(30);
  svg = Svg(graph, {});
  EXPECT_THAT(svg, Not(HasSubstr("complete through")));
  coverage.complete_through = absl::UnixEpoch();
  svg = Svg(graph, {});
  EXPECT_THAT(svg, HasSubstr(" · a source has not reported yet<"));
  EXPECT_THAT(svg, Not(HasSubstr("1970")));
}

TEST(SvgWriter, NarrowBoxesAreNotDrawn) {
  TestTree tree;
  Values values;
  for (int i = 0; i < 3; ++i) {
    values[tree.AddNode(0, tree.AddFrame(std::string(1, 'a' + i)))] = i == 0 ? 10'000 : i;
  }
  const std::string svg = Svg(MakeGraph(tree, values), {});
  EXPECT_THAT(svg, HasSubstr("<title>a ("));
  EXPECT_THAT(svg, Not(HasSubstr("<title>b (")));
  EXPECT_DOUBLE_EQ(SvgMinShare({.width = 1020}), 0.0005);
}

TEST(SvgWriter, OddGraphs) {
  EXPECT_THAT(Svg(MakeGraph(TestTree(), {}), {}), HasSubstr("There are no samples"));

  TestTree tree;
  const uint32_t a = tree.AddNode(0, tree.AddFrame("a"));
  const uint32_t b = tree.AddNode(0, tree.AddFrame("b"));
  FlameGraph graph = MakeGraph(tree, {{a, UINT64_MAX}, {b, UINT64_MAX}});
  graph.coverage.unit = "nanoseconds";
  graph.coverage.observations = 7;
  graph.coverage.saturated = true;
  graph.coverage.widened = true;
  graph.coverage.covered.begin = graph.coverage.requested.begin - absl::Hours(1);
  const std::string svg = Svg(graph, {.width = 0});
  EXPECT_THAT(svg, HasSubstr("<title>a (18,446,744,073,709,551,615 nanoseconds, 100.00%)</title>"));
  EXPECT_THAT(svg, Not(HasSubstr("<title>b (")));  // there is no room left in its parent
  EXPECT_THAT(svg, HasSubstr("width=\"200\""));
  // What does not fit a line goes on in the next.
  EXPECT_THAT(svg, HasSubstr("nanoseconds in 7 samples<"));
  EXPECT_THAT(svg, HasSubstr("<text class=\"range\" x=\"10\" y=\"93\">some sums are larger"));
  EXPECT_THAT(svg, HasSubstr("(asked for: 2026-11-21 00:00 to"));
}

TEST(SvgWriter, TenThousandBoxesAreSmall) {
  std::mt19937_64 random(1);
  TestTree tree;
  for (int i = 0; i < 3000; ++i) {
    tree.AddFrame(fmt::format("MediaWiki\\Extension\\Something{}::someMethod{}", i / 10, i));
  }
  Values values;
  while (tree.size() < 10'001) {
    uint32_t at = 0;
    for (int depth = 0; depth < 100; ++depth) at = tree.AddNode(at, 1 + random() % 3000);
    values[at] = 100;
  }
  const std::string svg = Svg(MakeGraph(tree, values), {});
  EXPECT_LT(svg.size(), 1'500'000);
}

TEST(SvgText, Visible) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {std::string("class@anonymous\0/a", 18), "class@anonymous\xe2\x90\x80/a"},
      {"tab\tline\n", "tab\xe2\x90\x89line\xe2\x90\x8a"},
      {"\x7f", "\xe2\x90\xa1"},
      {"\xff\xc3", "\\xff\\xc3"},
      {"\xc0\x80", "\\xc0\\x80"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xc2\x85\xe2\x80\xae\xef\xbf\xbf", "\\u0085\\u202e\\uffff"},
      {"\xc3\xa9\xf0\x9f\x94\xa5", "\xc3\xa9\xf0\x9f\x94\xa5"},
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(VisibleText(bytes), expected);
}

TEST(SvgText, Fits) {
  EXPECT_EQ(FitText("abc", 3), "abc");
  EXPECT_EQ(FitText("abc", 2), "");
  EXPECT_EQ(FitText("abcdef", 4), "abc…");
  EXPECT_EQ(FitText("Name\\Space\\Class::run", 10), "Class::run");
  EXPECT_EQ(FitText("Name\\Space\\Class::run", 6), "Class…");
  EXPECT_EQ(FitText("/srv/w/index.php", 12), "index.php");
  EXPECT_EQ(FitText("/srv/w/", 5), "/srv…");
  EXPECT_EQ(FitText("\xe5\x87\xbd\xe6\x95\xb0\xe5\x90\x8d", 5), "\xe5\x87\xbd\xe6\x95\xb0…");
}

TEST(SvgText, NumbersAndRanges) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1'000), "1,000");
  EXPECT_EQ(WithCommas(1'234'567), "1,234,567");
  const absl::Time time = absl::FromUnixSeconds(1'795'219'200);
  EXPECT_EQ(RangeText(time, time + absl::Minutes(1)), "2026-11-21 00:00 to 2026-11-21 00:01 UTC");
  EXPECT_EQ(RangeText(time, time + absl::Milliseconds(1500)),
            "2026-11-21 00:00:00 to 2026-11-21 00:00:01.5 UTC");
}

TEST(SvgPalette, AFunctionHasOneColourAndAClassOneHue) {
  EXPECT_EQ(ColorOf("Parser::parse"), ColorOf("Parser::parse"));
  EXPECT_EQ(ColorOf("Parser::parse") / 4, ColorOf("Parser::preprocess") / 4);
  EXPECT_LT(ColorOf(""), kColors);
  EXPECT_THAT(PaletteCss(false), HasSubstr(".c47{fill:#"));
  EXPECT_NE(PaletteCss(false), PaletteCss(true));
}

}  // namespace
}  // namespace flamekeep::query
