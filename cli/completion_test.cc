#include "cli/completion.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

bool HasShell(const std::string& name) {
  return std::filesystem::exists("/usr/bin/" + name) || std::filesystem::exists("/bin/" + name);
}

// Standard output of a command, by lines.
std::vector<std::string> RunShell(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string text;
  std::array<char, 4096> buffer;
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), n);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class BashCompletionTest : public testing::Test {
 protected:
  // What bash offers for the last of these words.
  std::vector<std::string> Complete(const std::vector<std::string>& words) {
    std::string quoted;
    for (const std::string& word : words) quoted += fmt::format(" '{}'", word);
    return RunShell(
        fmt::format("bash --norc -c 'compopt() {{ :; }}; source \"{}\"; COMP_WORDS=({}); "
                    "COMP_CWORD={}; _flamekeep; printf \"%s\\n\" \"${{COMPREPLY[@]}}\"'",
                    script_, InSingleQuotes(quoted), words.size() - 1));
  }

  // Inside bash -c '...'.
  static std::string InSingleQuotes(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out;
  }

  const TempDir dir_;
  const std::string script_ = dir_.File("flamekeep.bash", BashCompletion(DescribeCommands()));
};

TEST_F(BashCompletionTest, ScriptIsValid) { RunShell(fmt::format("bash -n '{}'", script_)); }

TEST_F(BashCompletionTest, OffersCommands) {
  EXPECT_THAT(Complete({"flamekeep", ""}),
              ElementsAre("serve", "import", "push", "query", "top", "search", "sandwich",
                          "compare", "diff", "series", "heatmap", "explain", "labels", "types",
                          "export", "status", "delete", "store", "backup", "completion"));
  EXPECT_THAT(Complete({"flamekeep", "s"}),
              ElementsAre("serve", "search", "sandwich", "series", "status", "store"));
  EXPECT_THAT(Complete({"flamekeep", "store", ""}), ElementsAre("stats", "check"));
}

TEST_F(BashCompletionTest, OffersOptionsAndTheirValues) {
  EXPECT_THAT(Complete({"flamekeep", "query", "--"}),
              IsSupersetOf({"--from", "--to", "--format", "--output", "--inverted", "--help"}));
  EXPECT_THAT(Complete({"flamekeep", "query", "x", "--fr"}), ElementsAre("--from"));
  EXPECT_THAT(Complete({"flamekeep", "query", "--format", ""}),
              ElementsAre("folded", "svg", "pprof", "speedscope", "flamebearer", "d3"));
  EXPECT_THAT(Complete({"flamekeep", "query", "--format", "=", "s"}),
              ElementsAre("svg", "speedscope"));
  EXPECT_THAT(Complete({"flamekeep", "import", "--resolution", "m"}),
              ElementsAre("minute", "month"));
  EXPECT_THAT(Complete({"flamekeep", "completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(Complete({"flamekeep", "query", "--from", ""}), ElementsAre(IsEmpty()));
}

TEST_F(BashCompletionTest, OffersFilesAndDirectories) {
  dir_.File("a log.gz", "");
  std::filesystem::create_directory(dir_.path() + "/a dir");
  EXPECT_THAT(Complete({"flamekeep", "import", "--site", "x", dir_.path() + "/a"}),
              testing::UnorderedElementsAre(dir_.path() + "/a log.gz", dir_.path() + "/a dir"));
  EXPECT_THAT(Complete({"flamekeep", "import", "--arclamp", dir_.path() + "/a"}),
              ElementsAre(dir_.path() + "/a dir"));
  EXPECT_THAT(Complete({"flamekeep", "store", "check", dir_.path() + "/a"}),
              ElementsAre(dir_.path() + "/a dir"));
}

TEST(ZshCompletion, ScriptIsValid) {
  if (!HasShell("zsh")) GTEST_SKIP() << "no zsh";
  const TempDir dir;
  RunShell(fmt::format("zsh -n '{}'", dir.File("_flamekeep", ZshCompletion(DescribeCommands()))));
}

TEST(FishCompletion, OffersWhatFits) {
  if (!HasShell("fish")) GTEST_SKIP() << "no fish";
  const TempDir dir;
  const std::string script = dir.File("flamekeep.fish", FishCompletion(DescribeCommands()));
  const auto complete = [&](const std::string& line) {
    return RunShell(
        fmt::format("HOME='{}' fish --no-config -c \"source '{}'; complete -C '{}' | cut -f1\"",
                    dir.path(), script, line));
  };
  EXPECT_THAT(complete("flamekeep s"), testing::UnorderedElementsAre("serve", "search", "sandwich",
                                                                     "series", "status", "store"));
  EXPECT_THAT(complete("flamekeep store "), testing::UnorderedElementsAre("stats", "check"));
  EXPECT_THAT(
      complete("flamekeep query --format "),
      testing::UnorderedElementsAre("folded", "svg", "pprof", "speedscope", "flamebearer", "d3"));
  EXPECT_THAT(complete("flamekeep query --i"), ElementsAre("--inverted"));
  EXPECT_THAT(complete("flamekeep import --"),
              testing::AllOf(Contains("--arclamp"), Not(Contains("--from"))));
}

}  // namespace
}  // namespace flamekeep::cli
