#include "query/diff_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "query/engine.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kDiffBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21

class DiffSvgTest : public ::testing::Test {
 protected:
  void Append(int minute, const std::string& stack, uint64_t value) {
    storage::Batch batch;
    batch.source = *store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = "eqiad", .name = "test"});
    std::vector<storage::FrameId> frames;
    std::istringstream path(stack);
    for (std::string frame; std::getline(path, frame, ';');) {
      const size_t at = frame.find('@');
      frames.push_back(*store_->dictionary().InternFrame(
          frame.substr(0, at), at == std::string::npos ? "" : frame.substr(at + 1)));
    }
    for (uint64_t i = 0; i < value; ++i) {
      batch.samples.push_back(
          {.minute = *storage::MinuteOf(kDiffBegin + absl::Minutes(minute)),
           .series = *store_->InternSeries(
               {.site = "eqiad", .profile_type = "excimer-wall:samples:count::"}),
           .stack = *store_->dictionary().InternStack(frames),
           .value = 1});
    }
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  // Ten minutes before a deployment and `after` of them behind it.
  Diff Deployment(int after = 10) {
    for (int minute = 0; minute < 10 + after; ++minute) {
      const bool deployed = minute >= 10;
      const uint64_t wobble = minute % 3;
      Append(minute, "index.php;MediaWiki::run;Parser::parse@includes/parser/Parser.php",
             (deployed ? 30 : 20) + wobble);
      Append(minute, "index.php;MediaWiki::run;Database::query", deployed ? 10 : 30);
      Append(minute, "index.php;MediaWiki::run;steady", 20 + wobble);
      Append(minute, deployed ? "index.php;new <feature> & \"more\"" : "index.php;old", 10);
    }
    auto diff =
        Engine(&*store_).MakeDiff({"excimer-wall", kDiffBegin, kDiffBegin + absl::Minutes(10), {}},
                                  {"excimer-wall",
                                   kDiffBegin + absl::Minutes(10),
                                   kDiffBegin + absl::Minutes(10 + after),
                                   {}},
                                  {.tree = true}, Context());
    EXPECT_TRUE(diff.ok()) << diff.status();
    return *std::move(diff);
  }

  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
};

// As in svg_writer_test.cc: compares with a file in tests/svg, or writes it.
void ExpectGoldenDiff(const std::string& name, const std::string& svg) {
  const std::string path = "tests/svg/" + name;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (std::getenv("FLAMEKEEP_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << svg;
    return;
  }
  std::ostringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_TRUE(golden.str() == svg) << path << " differs: look at what changed, then run the test "
                                   << "again with FLAMEKEEP_UPDATE_GOLDEN=1";
}

// The group of the box with this title.
std::string BoxOf(const std::string& svg, const std::string& name) {
  const size_t at = svg.find("<title>" + name + " (");
  return at == std::string::npos ? "" : svg.substr(at, svg.find("</g>", at) - at);
}

TEST_F(DiffSvgTest, Golden) {
  const Diff diff = Deployment();
  ExpectGoldenDiff("diff.svg", *WriteDiffSvg(diff, false, {.title = "A deployment"}, Context()));
  ExpectGoldenDiff("diff_baseline.svg",
                   *WriteDiffSvg(diff, true, {.title = "A deployment"}, Context()));
}

TEST_F(DiffSvgTest, ColoursAndNotes) {
  const Diff diff = Deployment();
  const std::string svg = *WriteDiffSvg(diff, false, {}, Context());
  EXPECT_THAT(BoxOf(svg, "Parser::parse"), HasSubstr("class=\"g"));
  EXPECT_THAT(BoxOf(svg, "Parser::parse"), HasSubstr("points, beyond noise (p "));
  EXPECT_THAT(BoxOf(svg, "Parser::parse"), HasSubstr("\nincludes/parser/Parser.php"));
  EXPECT_THAT(BoxOf(svg, "Database::query"), HasSubstr("class=\"s1\""));
  EXPECT_THAT(BoxOf(svg, "Database::query"), HasSubstr("\nbaseline 36."));
  EXPECT_THAT(BoxOf(svg, "new &lt;feature&gt; &amp; &quot;more&quot;"), HasSubstr("class=\"g2\""));
  EXPECT_THAT(BoxOf(svg, "index.php"), HasSubstr("class=\"n\""));
  EXPECT_THAT(BoxOf(svg, "index.php"), HasSubstr("+0.00 points, within noise"));
  // It takes nothing of the selection.
  EXPECT_EQ(BoxOf(svg, "old"), "");
  EXPECT_THAT(svg, HasSubstr("red grew, blue shrank, grey is noise"));

  const std::string by_baseline = *WriteDiffSvg(diff, true, {}, Context());
  EXPECT_THAT(BoxOf(by_baseline, "old"), HasSubstr("class=\"s2\""));
  EXPECT_THAT(BoxOf(by_baseline, "old"), HasSubstr("\nselection 0.00%"));
  EXPECT_EQ(BoxOf(by_baseline, "new &lt;feature&gt; &amp; &quot;more&quot;"), "");
}

TEST_F(DiffSvgTest, SaysWhatItCanNotTell) {
  const std::string svg = *WriteDiffSvg(Deployment(/*after=*/4), false, {}, Context());
  EXPECT_THAT(svg, HasSubstr("red grew, blue shrank; not enough data to tell noise"));
  EXPECT_THAT(BoxOf(svg, "Database::query"), HasSubstr("class=\"s"));
  EXPECT_THAT(BoxOf(svg, "Database::query"), HasSubstr("points, not enough data to tell noise"));
  EXPECT_THAT(svg, Not(HasSubstr("(p ")));
}

TEST_F(DiffSvgTest, TellsWhatEachOfBothLacks) {
  Diff diff = Deployment();
  const storage::SourceKey source = {.site = "eqiad", .name = "excimer<"};
  const auto gap = [&](int minute) {
    const int64_t begin = absl::ToUnixMillis(kDiffBegin + absl::Minutes(minute));
    return storage::SourceGap{source, {begin, begin + 60'000, storage::GapReason::kDisconnected}};
  };
  diff.baseline.gaps = {gap(1)};
  diff.coverage.gaps = {gap(11), gap(13)};
  diff.coverage.complete_through = kDiffBegin + absl::Minutes(12);
  for (const bool width_of_baseline : {false, true}) {
    const std::string svg = *WriteDiffSvg(diff, width_of_baseline, {}, Context());
    EXPECT_THAT(svg, HasSubstr(">selection: 2026-11-21 00:10 to 2026-11-21 00:20 UTC · "));
    EXPECT_THAT(svg, HasSubstr("complete through 2026-11-21 00:12:00 UTC"));
    EXPECT_THAT(svg, HasSubstr("missing from 2026-11-21 00:11 to 2026-11-21 00:12 UTC "
                               "(eqiad/excimer&lt;: disconnected) and 1 times more"));
    EXPECT_THAT(svg, HasSubstr(">baseline: 2026-11-21 00:00 to 2026-11-21 00:10 UTC · "));
    EXPECT_THAT(svg, HasSubstr("missing from 2026-11-21 00:01 to 2026-11-21 00:02 UTC "));
  }
}

TEST_F(DiffSvgTest, Empty) {
  const auto diff = Engine(&*store_).MakeDiff(
      {"excimer-wall", kDiffBegin, kDiffBegin + absl::Minutes(10), {}},
      {"excimer-wall", kDiffBegin + absl::Minutes(10), kDiffBegin + absl::Minutes(20), {}},
      {.tree = true}, Context());
  EXPECT_TRUE(absl::IsNotFound(diff.status()));
  Append(0, "a", 1);
  const auto one_sided = Engine(&*store_).MakeDiff(
      {"excimer-wall", kDiffBegin, kDiffBegin + absl::Minutes(10), {}},
      {"excimer-wall", kDiffBegin + absl::Minutes(10), kDiffBegin + absl::Minutes(20), {}},
      {.tree = true}, Context());
  ASSERT_TRUE(one_sided.ok()) << one_sided.status();
  EXPECT_THAT(*WriteDiffSvg(*one_sided, false, {}, Context()),
              HasSubstr("There are no samples in this selection."));
  EXPECT_NE(BoxOf(*WriteDiffSvg(*one_sided, true, {}, Context()), "a"), "");
}

}  // namespace
}  // namespace flamekeep::query
