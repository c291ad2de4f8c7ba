#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace flamekeep::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<Command> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "flamekeep");
  return ParseCommandLine(static_cast<int>(words.size()), words.data());
}

template <typename Options>
Options Parsed(const std::vector<const char*>& words) {
  const auto command = Parse(words);
  EXPECT_TRUE(command.ok()) << command.status();
  if (!command.ok() || !std::holds_alternative<Options>(*command)) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return std::get<Options>(*command);
}

TEST(CommandLine, Serve) {
  const auto serve = Parsed<ServeOptions>({"serve", "--data", "/d", "--grpc", "0.0.0.0:1",
                                           "--arclamp-config", "a", "--arclamp-config=b"});
  EXPECT_EQ(serve.data, "/d");
  EXPECT_EQ(serve.grpc, "0.0.0.0:1");
  EXPECT_EQ(serve.http, "");
  EXPECT_THAT(serve.arclamp_configs, ElementsAre("a", "b"));
}

TEST(CommandLine, ImportTakesOptionsBetweenFiles) {
  const auto import =
      Parsed<ImportOptions>({"import", "a.log", "--site", "eqiad", "-", "--label", "x=1", "b.log",
                             "--label", "y=2", "c", "--complete", "-q"});
  EXPECT_THAT(import.files, ElementsAre("a.log", "-", "b.log", "c"));
  EXPECT_THAT(import.labels, ElementsAre("x=1", "y=2"));
  EXPECT_EQ(import.site, "eqiad");
  EXPECT_EQ(import.resolution, "minute");
  EXPECT_TRUE(import.complete);
  EXPECT_TRUE(import.quiet);
}

TEST(CommandLine, Tables) {
  const auto top = Parsed<TopOptions>({"top", "cpu", "--from", "now-1h", "--by", "total", "--limit",
                                       "7", "--function", "parse", "--fail-above", "2%"});
  EXPECT_EQ(top.selection.selector, "cpu");
  EXPECT_EQ(top.by, "total");
  EXPECT_EQ(top.limit, 7u);
  EXPECT_EQ(top.function.function, "parse");
  EXPECT_EQ(top.fail_above, 0.02);
  EXPECT_EQ(top.format, "table");
  const auto usual = Parsed<TopOptions>({"top", "cpu", "--from", "now-1h"});
  EXPECT_EQ(usual.by, "self");
  EXPECT_EQ(usual.limit, 100u);

  const auto search = Parsed<SearchOptions>(
      {"search", "file:x", "cpu", "--from", "now-1h", "--format", "jsonl", "--keep", "a"});
  EXPECT_EQ(search.function.function, "file:x");
  EXPECT_EQ(search.selection.selector, "cpu");
  EXPECT_THAT(search.selection.keep, ElementsAre("a"));
  EXPECT_EQ(search.by, "total");
  EXPECT_EQ(search.format, "jsonl");

  const auto sandwich =
      Parsed<SandwichOptions>({"sandwich", "--from", "now-1h", "A::b", "cpu", "--file", "x.php",
                               "--exact", "--min-share", "50%"});
  EXPECT_EQ(sandwich.function.function, "A::b");
  EXPECT_EQ(sandwich.selection.selector, "cpu");
  EXPECT_EQ(sandwich.function.file, "x.php");
  EXPECT_TRUE(sandwich.function.exact);
  EXPECT_EQ(sandwich.min_share, 0.5);

  const auto compare = Parsed<CompareOptions>(
      {"compare", "cpu", "--by", "version", "--from", "now-1h", "--function", "x"});
  EXPECT_EQ(compare.by, "version");
  EXPECT_EQ(compare.function.function, "x");

  for (const std::vector<const char*>& wrong : std::vector<std::vector<const char*>>{
           {"top", "cpu", "--from", "now-1h", "--by", "name"},
           {"top", "cpu", "--from", "now-1h", "--limit", "0"},
           {"top", "cpu", "--from", "now-1h", "--limit", "100001"},
           {"top", "cpu", "--from", "now-1h", "--format", "svg"},
           {"search", "cpu", "--from", "now-1h"},
           {"sandwich", "f", "cpu", "--from", "now-1h", "--min-share", "2"},
           {"compare", "cpu", "--from", "now-1h"}}) {
    EXPECT_EQ(Parse(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong.back();
  }
}

TEST(CommandLine, Query) {
  const auto query = Parsed<QueryOptions>(
      {"query", "excimer-wall{site=\"eqiad\",entry_point=~\"index|api\"}", "--from", "now-24h",
       "--to", "now-1h", "--format", "svg", "-o", "x.svg", "--inverted", "--min-share", "1%"});
  EXPECT_EQ(query.selection.selector, "excimer-wall{site=\"eqiad\",entry_point=~\"index|api\"}");
  EXPECT_EQ(query.selection.from, "now-24h");
  EXPECT_EQ(query.selection.to, "now-1h");
  EXPECT_EQ(query.output, "x.svg");
  EXPECT_TRUE(query.inverted);
  EXPECT_EQ(query.min_share, 0.01);
  EXPECT_EQ(Parsed<QueryOptions>(
                {"query", "cpu", "--from", "now-1h", "--format", "d3", "--max-nodes", "50"})
                .max_nodes,
            50u);
  EXPECT_FALSE(Parse({"query", "cpu", "--from", "now-1h", "--format", "png"}).ok());
  EXPECT_EQ(Parsed<QueryOptions>({"query", "cpu", "--from", "now-1h"}).selection.to, "now");
}

TEST(CommandLine, Diff) {
  const auto diff = Parsed<DiffOptions>({"diff",
                                         "cpu",
                                         "--from",
                                         "now-1h",
                                         "--baseline-from",
                                         "now-3h",
                                         "--baseline-to",
                                         "now-2h",
                                         "--baseline",
                                         "wall",
                                         "--by",
                                         "self",
                                         "--fail-above",
                                         "2%",
                                         "--limit",
                                         "7",
                                         "--format",
                                         "jsonl",
                                         "--keep",
                                         "a",
                                         "--width-of-baseline"});
  EXPECT_EQ(diff.selection.from, "now-1h");
  EXPECT_EQ(diff.baseline_from, "now-3h");
  EXPECT_EQ(diff.baseline_to, "now-2h");
  EXPECT_EQ(diff.baseline, "wall");
  EXPECT_EQ(diff.by, "self");
  EXPECT_EQ(diff.fail_above, 0.02);
  EXPECT_EQ(diff.limit, 7u);
  EXPECT_THAT(diff.selection.keep, ElementsAre("a"));
  EXPECT_TRUE(diff.width_of_baseline);
  const auto usual = Parsed<DiffOptions>({"diff", "cpu", "--from", "now-1h"});
  EXPECT_EQ(usual.by, "total");
  EXPECT_EQ(usual.format, "");
  EXPECT_FALSE(Parse({"diff", "cpu", "--from", "now-1h", "--limit", "0"}).ok());
  EXPECT_FALSE(Parse({"diff", "cpu", "--from", "now-1h", "--format", "folded"}).ok());
}

TEST(CommandLine, Export) {
  const auto exported =
      Parsed<ExportOptions>({"export", "cpu", "--from", "now-7d", "--output", "out", "--keep", "a",
                             "--level", "minute", "--compress", "gz", "--stacks", "text", "-q"});
  EXPECT_EQ(exported.selection.selector, "cpu");
  EXPECT_EQ(exported.selection.to, "now");
  EXPECT_THAT(exported.selection.keep, ElementsAre("a"));
  EXPECT_EQ(exported.output, "out");
  EXPECT_EQ(exported.format, "jsonl");
  EXPECT_EQ(exported.level, "minute");
  EXPECT_EQ(exported.compress, "gz");
  EXPECT_EQ(exported.stacks, "text");
  EXPECT_TRUE(exported.quiet);
  EXPECT_FALSE(Parse({"export", "cpu", "--from", "now-7d"}).ok());
  EXPECT_FALSE(
      Parse({"export", "cpu", "--from", "now-7d", "--output", "out", "--level", "month"}).ok());
}

TEST(CommandLine, FrameFilters) {
  const SelectionOptions selection =
      Parsed<QueryOptions>({"query", "cpu", "--from", "now-1h", "--keep", "a", "--keep", "file:b",
                            "--drop", "c", "--focus", "d", "--until", "e", "--hide", "f",
                            "--max-depth", "7"})
          .selection;
  EXPECT_THAT(selection.keep, testing::ElementsAre("a", "file:b"));
  EXPECT_THAT(selection.drop, testing::ElementsAre("c"));
  EXPECT_EQ(selection.focus, "d");
  EXPECT_EQ(selection.until, "e");
  EXPECT_THAT(selection.hide, testing::ElementsAre("f"));
  EXPECT_EQ(selection.max_depth, 7u);
}

TEST(CommandLine, SeriesAndHeatMap) {
  const auto series = Parsed<SeriesOptions>({"series", "cpu", "--from", "now-1d", "--step", "5m",
                                             "--by", "site,host", "--by", "zone", "--function", "f",
                                             "--max-groups", "3", "--format", "csv"});
  EXPECT_EQ(series.selection.selector, "cpu");
  EXPECT_EQ(series.step, "5m");
  EXPECT_THAT(series.by, testing::ElementsAre("site", "host", "zone"));
  EXPECT_EQ(series.function.function, "f");
  EXPECT_FALSE(series.function.exact);
  EXPECT_EQ(series.max_groups, 3u);
  EXPECT_EQ(series.format, "csv");
  const auto map =
      Parsed<HeatMapOptions>({"heatmap", "cpu", "--from", "now-1d", "--function", "f", "--exact"});
  EXPECT_EQ(map.function.function, "f");
  EXPECT_TRUE(map.function.exact);
  EXPECT_EQ(map.format, "");
  const auto labels = Parsed<LabelsOptions>({"labels", "host", "--selector", "cpu"});
  EXPECT_EQ(labels.name, "host");
  EXPECT_EQ(labels.selector, "cpu");
  EXPECT_EQ(Parsed<LabelsOptions>({"labels"}).name, "");
  EXPECT_EQ(Parsed<TypesOptions>({"types", "--format", "jsonl"}).format, "jsonl");
}

TEST(CommandLine, Delete) {
  const auto remove = Parsed<DeleteOptions>(
      {"delete", "cpu{host=\"a\"}", "--from", "2026-01-01", "--to", "now", "--yes"});
  EXPECT_EQ(remove.selector, "cpu{host=\"a\"}");
  EXPECT_EQ(remove.to, "now");
  EXPECT_TRUE(remove.yes);
  EXPECT_FALSE(remove.dry_run);
}

// NOLINTBEGIN(concurrency-mt-unsafe): no other thread is there.
TEST(CommandLine, ServerComesFromFlagThenEnvironmentThenDefault) {
  unsetenv("FLAMEKEEP_SERVER");
  EXPECT_EQ(Parsed<StatusOptions>({"status"}).server, "127.0.0.1:4041");
  setenv("FLAMEKEEP_SERVER", "host:1", 1);
  EXPECT_EQ(Parsed<StatusOptions>({"status"}).server, "host:1");
  EXPECT_EQ(Parsed<StatusOptions>({"status", "--server", "other"}).server, "other");
  unsetenv("FLAMEKEEP_SERVER");
}
// NOLINTEND(concurrency-mt-unsafe)

TEST(CommandLine, StoreCheckAndCompletion) {
  EXPECT_EQ(Parsed<StoreCheckOptions>({"store", "check", "/d"}).directory, "/d");
  EXPECT_FALSE(Parsed<StoreCheckOptions>({"store", "check", "/d"}).repair);
  EXPECT_TRUE(Parsed<StoreCheckOptions>({"store", "check", "/d", "--repair"}).repair);
  EXPECT_EQ(Parsed<ExplainOptions>({"explain", "cpu", "--from", "now-1h"}).selection.to, "now");
  EXPECT_EQ(Parsed<StoreStatsOptions>({"store", "stats"}).directory, "");
  EXPECT_EQ(Parsed<StoreStatsOptions>({"store", "stats", "/d", "--json"}).directory, "/d");
  EXPECT_EQ(Parsed<CompletionOptions>({"completion", "fish"}).shell, "fish");
}

TEST(CommandLine, HelpOfEveryCommandHasExamples) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"--help"},
                                             {"-h"},
                                             {"serve", "--help"},
                                             {"import", "--help"},
                                             {"query", "--help"},
                                             {"explain", "--help"},
                                             {"top", "--help"},
                                             {"search", "--help"},
                                             {"sandwich", "--help"},
                                             {"compare", "--help"},
                                             {"series", "--help"},
                                             {"heatmap", "--help"},
                                             {"labels", "--help"},
                                             {"types", "--help"},
                                             {"diff", "--help"},
                                             {"status", "--help"},
                                             {"delete", "--help"},
                                             {"store", "stats", "--help"},
                                             {"store", "--help"},
                                             {"store", "check", "--help"},
                                             {"completion", "--help"}}) {
    const std::string text = Parsed<PrintOptions>(words).text;
    EXPECT_THAT(text, testing::AllOf(HasSubstr("Usage: flamekeep"), HasSubstr("Examples:\n  ")))
        << words.front();
  }
  EXPECT_THAT(Parsed<PrintOptions>({"--help"}).text, HasSubstr("Exit codes:"));
  EXPECT_THAT(Parsed<PrintOptions>({"--version"}).text, testing::StartsWith("flamekeep 0."));
}

TEST(CommandLine, ErrorsAreOneSentenceThatNamesTheThing) {
  const struct {
    std::vector<const char*> words;
    const char* want;
  } cases[] = {
      {{}, "a command is missing"},
      {{"fly"}, "fly"},
      {{"query", "cpu"}, "--from"},
      {{"query", "cpu", "--from", "now", "--format", "xml"}, "xml"},
      {{"query", "cpu", "--from", "now", "--min-share", "2"}, "--min-share"},
      {{"query", "--from", "now"}, "SELECTOR"},
      {{"import", "a.log"}, "--site"},
      {{"import", "--site"}, "--site"},
      {{"series", "cpu", "--from", "now", "--exact"}, "--function"},
      {{"heatmap", "cpu", "--from", "now", "--format", "svg"}, "svg"},
      {{"top", "cpu", "--from", "now", "--file", "x"}, "--function"},
      {{"top", "cpu", "--from", "now", "--fail-above", "much"}, "\"much\" is no share"},
      {{"sandwich", "a", "cpu", "--from", "now", "--min-share", "101%"}, "--min-share"},
      {{"status", "--jsn"}, "--jsn"},
      {{"delete", "cpu", "--from", "now-1h"}, "--to"},
      {{"store"}, "a command is missing"},
      {{"store", "mend", "x"}, "\"mend\" is no command"},
      {{"--frm"}, "--frm"},
      {{"completion", "tcsh"}, "tcsh"},
  };
  for (const auto& c : cases) {
    const auto command = Parse(c.words);
    ASSERT_TRUE(absl::IsInvalidArgument(command.status())) << c.want;
    EXPECT_THAT(Message(command.status()),
                testing::AllOf(HasSubstr(c.want), HasSubstr("--help`"), Not(HasSubstr("\n"))));
  }
  EXPECT_THAT(Message(Parse({"query", "cpu"}).status()), HasSubstr("`flamekeep query --help`"));
}

}  // namespace
}  // namespace flamekeep::cli
