// Runs tests/cases/*.case: folded samples into a store, queries, and what they must answer. The
// format is described in tests/cases/README.md. FLAMEKEEP_UPDATE_GOLDEN=1 in the environment writes
// the answers into the files instead of comparing them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/case_diff.h"
#include "query/case_options.h"
#include "query/case_series.h"
#include "query/case_tables.h"
#include "query/encoders.h"
#include "query/engine.h"
#include "query/pprof_testing.h"
#include "query/selector.h"
#include "storage/store.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

constexpr std::string_view kFolder = "tests/cases";
constexpr std::string_view kAnswerFollows = "----";

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class CaseRunner {
 public:
  // The case with the answers that the store gives now.
  std::string Run(const std::string& text) {
    std::istringstream stream(text);
    std::string line;
    while (std::getline(stream, line)) {
      out_ += line + "\n";
      if (line.empty() || line[0] == '#') continue;
      std::vector<std::string> block;  // the lines that follow
      for (std::string next; std::getline(stream, next) && !next.empty();) block.push_back(next);
      Command(Words(line), block);
      out_ += "\n";
    }
    // Blocks end with an empty line, the file need not.
    while (out_.ends_with("\n\n")) out_.pop_back();
    return out_;
  }

 private:
  void Command(const std::vector<std::string>& words, const std::vector<std::string>& block) {
    if (words[0] == "samples") {
      for (const std::string& line : block) out_ += line + "\n";
      Samples(words, block);
    } else if (words[0] == "maintain") {
      ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
    } else if (IsOneOf(words[0], {"folded", "graph", "pprof", "speedscope", "flamebearer", "d3"})) {
      out_ += std::string(kAnswerFollows) + "\n";
      Query(words);
    } else if (IsTableCase(words[0]) || IsSeriesCase(words[0])) {
      out_ += std::string(kAnswerFollows) + "\n";
      ViewQuery(words);
    } else if (words[0] == "diff") {
      out_ += std::string(kAnswerFollows) + "\n";
      DiffQuery(words);
    } else {
      FAIL() << "unknown command " << words[0];
    }
  }

  absl::Time Time(const std::string& text) {
    absl::Time time;
    std::string error;
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << ": " << error;
    return time;
  }

  // samples SELECTOR at TIME [LEVEL] [times=N]
  void Samples(const std::vector<std::string>& words, const std::vector<std::string>& block) {
    const auto selector = ParseSelector(words.at(1));
    ASSERT_TRUE(selector.ok()) << selector.status();
    storage::SeriesKey key = {.site = "eqiad", .profile_type = selector->profile_type};
    if (key.profile_type.find(':') == std::string::npos) key.profile_type += ":samples:count::";
    for (const Matcher& matcher : selector->matchers) {
      if (matcher.label == "site") {
        key.site = matcher.value;
      } else {
        key.labels.emplace_back(matcher.label, matcher.value);
      }
    }
    const auto series = store_->InternSeries(key);
    ASSERT_TRUE(series.ok()) << series.status();
    const auto source = store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = key.site, .name = "case"});
    ASSERT_TRUE(source.ok()) << source.status();
    storage::Batch batch = {.source = *source};
    uint32_t times = 1;
    for (size_t i = 4; i < words.size(); ++i) {
      for (const storage::Level level : storage::kLevels) {
        if (storage::LevelName(level) == words[i]) batch.resolution = level;
      }
      if (words[i].starts_with("times="))
        times = static_cast<uint32_t>(std::stoul(words[i].substr(6)));
    }
    storage::Minute minute = *storage::MinuteOf(Time(words.at(3)));
    for (; times > 0; --times) {
      AddSamples(block, minute, *series, &batch);
      minute = storage::BucketAt(batch.resolution, minute).end();
    }
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  void AddSamples(const std::vector<std::string>& block, storage::Minute minute,
                  storage::SeriesId series, storage::Batch* batch) {
    for (const std::string& line : block) {
      const size_t space = line.rfind(' ');
      storage::Sample sample = {.minute = minute, .series = series};
      sample.value = std::stoull(line.substr(space + 1));
      std::vector<storage::FrameId> frames;
      std::istringstream path(line.substr(0, space));
      for (std::string frame; std::getline(path, frame, ';');) {
        const size_t at = frame.find('@');  // function@file
        frames.push_back(*store_->dictionary().InternFrame(
            frame.substr(0, at), at == frame.npos ? "" : frame.substr(at + 1)));
      }
      sample.stack = *store_->dictionary().InternStack(frames);
      batch->samples.push_back(sample);
    }
  }

  // (folded | graph | pprof | speedscope | flamebearer | d3) SELECTOR from TIME to TIME [inverted]
  // [min_share=X] [max_nodes=N]
  void Query(const std::vector<std::string>& words) {
    Selection selection = {words.at(1), Time(words.at(3)), Time(words.at(5)), {}};
    FlameGraphOptions options;
    for (size_t i = 6; i < words.size(); ++i) {
      const std::string value = words[i].substr(words[i].find('=') + 1);
      if (words[i] == "inverted") {
        options.inverted = true;
      } else if (words[i].starts_with("min_share=")) {
        options.min_share = std::stod(value);
      } else if (words[i].starts_with("max_nodes=")) {
        options.max_nodes = static_cast<uint32_t>(std::stoul(value));
      } else if (!FilterOption(words[i], &selection.filter)) {
        FAIL() << "unknown option " << words[i];
      }
    }
    const absl::Status status = words[0] == "folded"  ? Folded(selection, options.inverted)
                                : words[0] == "graph" ? Graph(selection, options)
                                                      : Encoded(words[0], selection, options);
    if (!status.ok()) out_ += fmt::format("error: {}\n", status.ToString());
  }

  // (top | sandwich | compare | series | heatmap) SELECTOR from TIME to TIME [NAME=VALUE...]
  void ViewQuery(const std::vector<std::string>& words) {
    Selection selection = {words.at(1), Time(words.at(3)), Time(words.at(5)), {}};
    CaseOptions options;
    for (size_t i = 6; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      ASSERT_NE(equals, std::string::npos) << "unknown option " << words[i];
      if (FilterOption(words[i], &selection.filter)) continue;
      options[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    }
    const absl::StatusOr<std::string> answer =
        IsTableCase(words[0]) ? AnswerTableCase(words[0], Engine(&*store_), selection, options)
                              : AnswerSeriesCase(words[0], Engine(&*store_), selection, options);
    out_ += answer.ok() ? *answer : fmt::format("error: {}\n", answer.status().ToString());
  }

  // diff SELECTOR from TIME to TIME against SELECTOR from TIME to TIME [tree] [by=self] [limit=N]
  // [min_share=X] [max_nodes=N]
  void DiffQuery(const std::vector<std::string>& words) {
    Selection selection = {words.at(1), Time(words.at(3)), Time(words.at(5)), {}};
    Selection baseline = {words.at(7), Time(words.at(9)), Time(words.at(11)), {}};
    DiffOptions options;
    for (size_t i = 12; i < words.size(); ++i) {
      const std::string value = words[i].substr(words[i].find('=') + 1);
      if (words[i] == "tree") {
        options.tree = true;
      } else if (words[i] == "by=self") {
        options.by = FunctionOrder::kSelf;
      } else if (words[i].starts_with("limit=")) {
        options.limit = static_cast<uint32_t>(std::stoul(value));
      } else if (words[i].starts_with("min_share=")) {
        options.min_share = std::stod(value);
      } else if (words[i].starts_with("max_nodes=")) {
        options.max_nodes = static_cast<uint32_t>(std::stoul(value));
      } else if (!FilterOption(words[i], &selection.filter)) {
        FAIL() << "unknown option " << words[i];
      }
    }
    baseline.filter = selection.filter;
    const auto answer = AnswerDiff(Engine(&*store_), baseline, selection, options);
    out_ += answer.ok() ? *answer : fmt::format("error: {}\n", answer.status().ToString());
  }

  // keep=, drop=, focus=, until=, hide=REGEX or file:REGEX; max_depth=N
  static bool FilterOption(const std::string& word, FrameFilter* filter) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) return false;
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    const FrameMatcher matcher = CaseMatcher(value);
    if (name == "keep") {
      filter->keep.push_back(matcher);
    } else if (name == "drop") {
      filter->drop.push_back(matcher);
    } else if (name == "focus") {
      filter->focus = matcher;
    } else if (name == "until") {
      filter->until = matcher;
    } else if (name == "hide") {
      filter->hide.push_back(matcher);
    } else if (name == "max_depth") {
      filter->max_depth = static_cast<uint32_t>(std::stoul(value));
    } else {
      return false;
    }
    return true;
  }

  absl::Status Folded(const Selection& selection, bool inverted) {
    return Engine(&*store_).WriteFolded(
        selection, inverted, Context(), [](const Coverage&) { return absl::OkStatus(); },
        [&](std::string_view piece) {
          out_ += piece;
          return absl::OkStatus();
        });
  }

  absl::Status Graph(const Selection& selection, const FlameGraphOptions& options) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const FlameGraph graph,
                               Engine(&*store_).MakeFlameGraph(selection, options, Context()));
    const Coverage& coverage = graph.coverage;
    out_ += fmt::format(
        "{} {} of {} samples, {} to {}{}{}, {} boxes, {} left out with {}\n", coverage.total,
        coverage.unit, coverage.observations, FormatTime(coverage.covered.begin),
        FormatTime(coverage.covered.end), coverage.widened ? " (widened)" : "",
        coverage.saturated ? " (saturated)" : "", graph.size(), graph.cut_nodes, graph.cut_total);
    for (size_t i = 0; i < graph.size(); ++i) {
      const std::string& file = graph.files[graph.file[i]];
      out_ += fmt::format("{:{}}{}{}{} {} {}\n", "", 2 * graph.depth[i], graph.names[graph.name[i]],
                          file.empty() ? "" : "@", file, graph.total[i], graph.self[i]);
    }
    return absl::OkStatus();
  }

  absl::Status Encoded(const std::string& format, const Selection& selection,
                       const FlameGraphOptions& options) {
    const Engine engine(&*store_);
    FLAMEKEEP_ASSIGN_OR_RETURN(const FlameGraph graph,
                               IsOneOf(format, {"flamebearer", "d3"})
                                   ? engine.MakeFlameGraph(selection, options, Context())
                                   : engine.MakeWholeGraph(selection, format, Context()));
    std::string bytes;
    const auto write = [&bytes](std::string_view piece) {
      bytes += piece;
      return absl::OkStatus();
    };
    if (format == "pprof") {
      FLAMEKEEP_RETURN_IF_ERROR(WritePprof(graph, "case", Context(), write));
      return Pprof(ReadPprof(bytes));
    }
    FLAMEKEEP_RETURN_IF_ERROR(format == "speedscope"
                                  ? WriteSpeedscope(graph, "case", Context(), write)
                              : format == "d3" ? WriteD3(graph, Context(), write)
                                               : WriteFlamebearer(graph, "case", Context(), write));
    out_ += bytes;
    return absl::OkStatus();
  }

  absl::Status Pprof(const perftools::profiles::Profile& profile) {
    const auto text = [&](int64_t index) { return profile.string_table(static_cast<int>(index)); };
    const auto type = [&](const perftools::profiles::ValueType& value) {
      return text(value.type()) + "/" + text(value.unit());
    };
    out_ += fmt::format("{}, period {}, at {} for {}\n", type(profile.sample_type(0)),
                        type(profile.period_type()),
                        FormatTime(absl::FromUnixNanos(profile.time_nanos())),
                        absl::FormatDuration(absl::Nanoseconds(profile.duration_nanos())));
    for (const auto& sample : profile.sample()) {
      out_ += fmt::format("{} {}\n", PathOf(profile, sample), sample.value(0));
    }
    return absl::OkStatus();
  }

  static std::string FormatTime(absl::Time time) {
    return absl::FormatTime("%Y-%m-%dT%H:%MZ", time, absl::UTCTimeZone());
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
  std::string out_;
};

class CaseTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CaseTest, Answers) {
  const std::string path = fmt::format("{}/{}.case", kFolder, GetParam());
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string result = CaseRunner().Run(text.str());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (std::getenv("FLAMEKEEP_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << result;
  } else {
    EXPECT_EQ(text.str(), result) << path;
  }
}

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".case") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, CaseTest, ::testing::ValuesIn(CaseNames()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace flamekeep::query
