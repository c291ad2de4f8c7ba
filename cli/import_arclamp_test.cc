#include "cli/import_arclamp.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/test_compression.h"
#include "cli/test_ingest_server.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Sorted(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string sorted;
  for (const std::string& line : lines) sorted += line + "\n";
  return sorted;
}

class ImportArcLampTest : public testing::Test {
 protected:
  ImportArcLampTest() {
    open_.set_site("eqiad");
    target_.channel = server_.Channel();
    target_.address = server_.address();
    target_.client.first_backoff = absl::Milliseconds(1);
    target_.client.max_backoff = absl::Milliseconds(10);
    target_.progress = &progress_;
  }

  std::string Hour(int hour, const std::string& tag = "all", const std::string& suffix = "") const {
    return fmt::format("{}/logs/hourly/2026-11-20_{:02}.w.{}.log{}", dir_.path(), hour, tag,
                       suffix);
  }
  std::string Day(const std::string& suffix = "") const {
    return fmt::format("{}/logs/daily/2026-11-20.w.all.log{}", dir_.path(), suffix);
  }

  absl::StatusOr<ArcLampResult> TryImport() {
    FLAMEKEEP_ASSIGN_OR_RETURN(const auto files, ListArcLampLogs(dir_.path()));
    FLAMEKEEP_ASSIGN_OR_RETURN(const auto plan, PlanArcLamp(files, "", absl::InfiniteFuture()));
    return ImportArcLamp(plan, open_, target_);
  }
  ArcLampResult Import() {
    auto result = TryImport();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : ArcLampResult{};
  }

  // Everything that counts, sorted.
  std::string Stored() {
    std::string lines;
    for (const auto& [key, bucket] : server_.buckets()) lines += bucket.lines;
    return Sorted(lines);
  }
  int Written() {
    int written = 0;
    for (const auto& [key, bucket] : server_.buckets()) written += bucket.written;
    return written;
  }

  const TempDir dir_;
  TestIngestServer server_;
  Progress progress_{Progress::Style::kQuiet};
  v1::OpenSource open_;
  ImportTarget target_;
};

TEST_F(ImportArcLampTest, HoursCountAndTheDayCountsForTheRest) {
  WriteFile(Hour(13), "a 1\nb 1\n");
  WriteFile(Hour(14), "a 1\n");
  WriteFile(Day(), "c 1\na 1\nb 1\na 1\nc 1\n");
  ArcLampResult result = Import();
  EXPECT_EQ(result.hours, 2U);
  EXPECT_EQ(result.days, 1U);
  EXPECT_EQ(result.files, 3U);
  EXPECT_EQ(result.counts.lines(), 8U);
  EXPECT_EQ(Stored(), "a 1\na 1\nb 1\nc 1\nc 1\n");
  const auto buckets = server_.buckets();
  EXPECT_EQ(std::get<0>(buckets.begin()->first), "arclamp:w");
  EXPECT_EQ(std::get<1>(buckets.begin()->first), v1::LEVEL_HOUR);
  EXPECT_EQ(std::get<1>(buckets.rbegin()->first), v1::LEVEL_DAY);
  EXPECT_TRUE(buckets.rbegin()->second.subtract_finer);

  result = Import();
  EXPECT_EQ(result.unchanged, 3U);
  EXPECT_EQ(result.hours + result.days, 0U);
  EXPECT_EQ(Written(), 3);
}

TEST_F(ImportArcLampTest, GrownHourIsReplacedAndItsDayPutInAgain) {
  WriteFile(Hour(13), "a 1\n");
  WriteFile(Day(), "a 1\n");
  Import();
  WriteFile(Hour(13), "a 1\nb 1\nunfinis");
  WriteFile(Day(), "a 1\nb 1\nunfinis");
  EXPECT_EQ(Import().days, 1U);
  EXPECT_EQ(Stored(), "a 1\nb 1\n");
  // An hour that was not there before, of a day whose log is as it was.
  WriteFile(Hour(14), "b 1\n");
  EXPECT_EQ(Import().days, 1U);
  EXPECT_EQ(Stored(), "a 1\nb 1\nb 1\n");
}

TEST_F(ImportArcLampTest, SortedAndCompressedLogsAreRecognised) {
  WriteFile(Hour(13), "b 1\na 1\nb 1\n");
  WriteFile(Hour(14), "d 1\nc 1\n");
  Import();
  fs::remove(Hour(13));
  fs::remove(Hour(14));
  WriteFile(Hour(13, "all", ".gz"), Gzip("a 1\nb 1\nb 1\n"));
  WriteFile(Hour(14, "all", ".zst"), Zstd("c 1\nd 1\n"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Import().unchanged, 2U);
  EXPECT_EQ(Written(), 2);
  // The second time nobody looked inside: only the first time the state was written anew.
  EXPECT_EQ(server_.batches(), 4U);
}

TEST_F(ImportArcLampTest, CompleteHoursStandForTheDay) {
  std::string all;
  for (int hour = 0; hour < 24; ++hour) {
    WriteFile(Hour(hour), fmt::format("h{} 1\n", hour));
    all += fmt::format("h{} 1\n", hour);
  }
  WriteFile(Day(), all);
  ArcLampResult result = Import();
  EXPECT_EQ(result.hours, 24U);
  EXPECT_EQ(result.covered, 1U);
  EXPECT_EQ(Stored(), Sorted(all));
  // Hours are pruned first: the day has nothing to add.
  for (int hour = 0; hour < 20; ++hour) fs::remove(Hour(hour));
  result = Import();
  EXPECT_EQ(result.days, 1U);
  EXPECT_EQ(Stored(), Sorted(all));
}

TEST_F(ImportArcLampTest, DayFirstHoursLater) {
  WriteFile(Day(), "a 1\nb 1\nc 1\n");
  Import();
  WriteFile(Hour(13), "b 1\n");
  Import();
  EXPECT_EQ(Stored(), "a 1\nb 1\nc 1\n");
  EXPECT_EQ(server_.buckets().size(), 2U);
  // The daily log is gone: another hour can not be told from what it gave.
  fs::remove(Day());
  WriteFile(Hour(14), "c 1\n");
  const ArcLampResult result = Import();
  EXPECT_THAT(result.problems,
              ElementsAre(HasSubstr("w of 2026-11-20T14:00Z was not imported: its day")));
  EXPECT_EQ(Stored(), "a 1\nb 1\nc 1\n");
}

TEST_F(ImportArcLampTest, ShorterLogsAreLeftOut) {
  WriteFile(Hour(13), "a 1\nb 1\n");
  Import();
  WriteFile(Hour(13), "a 1\n");
  const ArcLampResult result = Import();
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("has 1 lines and had 2")));
  EXPECT_EQ(Stored(), "a 1\nb 1\n");
}

TEST_F(ImportArcLampTest, TagsStandInForAll) {
  WriteFile(Hour(13, "index"), "/w/index.php;a 1\n");
  WriteFile(Hour(13, "api", ".gz"), Gzip("/w/api.php;a 1\n/w/api.php;b 1"));
  WriteFile(Hour(13, "load"), "");
  const ArcLampResult result = Import();
  EXPECT_EQ(result.files, 3U);
  EXPECT_EQ(Stored(), "/w/api.php;a 1\n/w/api.php;b 1\n/w/index.php;a 1\n");
}

TEST_F(ImportArcLampTest, ProblemsOfOneLogDoNotStopTheOthers) {
  WriteFile(Hour(12), "a 1\n");
  WriteFile(Hour(13, "all", ".gz"), Gzip(std::string(10'000, 'x')).substr(0, 20));
  WriteFile(Hour(14), "b 1\n");
  WriteFile(Hour(15), "");
  const ArcLampResult result = Import();
  EXPECT_EQ(result.hours, 2U);
  EXPECT_EQ(result.empty, 1U);
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("compressed data")));
  EXPECT_EQ(Stored(), "a 1\nb 1\n");
}

TEST_F(ImportArcLampTest, LabelsMakeAnotherOwner) {
  WriteFile(Hour(13), "a 1\n");
  Import();
  v1::Label* label = open_.add_labels();
  label->set_name("cluster");
  label->set_value("k8s");
  Import();
  EXPECT_EQ(Stored(), "a 1\na 1\n");
  EXPECT_EQ(std::get<0>(server_.buckets().rbegin()->first), "arclamp:w{cluster=\"k8s\"}");
}

// Arc Lamp writes on, sorts, compresses and prunes; imports come at any time and die anywhere. What
// is stored after one that went through is what Arc Lamp was ever given.
TEST_F(ImportArcLampTest, EachSampleCountsOnceWhateverHappens) {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    server_.Forget();
    fs::remove_all(dir_.path() + "/logs");
    std::minstd_rand random(seed);
    std::string truth;
    std::map<int, std::string> hours;
    for (int hour = 0; hour < 24; ++hour) {
      for (unsigned step = random() % 4; step > 0; --step) {
        std::string lines;
        for (unsigned n = random() % 20; n > 0; --n) lines += fmt::format("f{} 1\n", random() % 9);
        hours[hour] += lines;
        truth += lines;
        const std::string unfinished = random() % 2 == 0 ? "f1" : "";
        if (seed % 4 != 0 || random() % 3 != 0) {  // in some runs, hours come late
          WriteFile(Hour(hour), hours[hour] + unfinished);
        }
        WriteFile(Day(), truth + unfinished);
        if (random() % 2 == 0) continue;
        server_.Misbehave(40, seed);
        int calls = 0;
        const int die_at = static_cast<int>(random() % 60);
        target_.client.cancelled = [&] { return ++calls == die_at; };
        target_.client.wait_for_server = true;
        absl::Status status = absl::CancelledError();
        while (absl::IsCancelled(status)) status = TryImport().status();
        ASSERT_TRUE(status.ok()) << status;
        server_.Misbehave(0, 0);
        ASSERT_EQ(Stored(), Sorted(truth)) << "seed " << seed << " hour " << hour;
      }
      // Old logs are sorted and compressed, or pruned.
      const int old = static_cast<int>(random() % 24);
      if (old < hour && fs::exists(Hour(old))) {
        WriteFile(Hour(old), hours[old]);
        if (random() % 2 == 0) {
          WriteFile(Hour(old, "all", ".gz"), Gzip(Sorted(hours[old])));
        }
        fs::remove(Hour(old));
      }
    }
  }
}

}  // namespace
}  // namespace flamekeep::cli
