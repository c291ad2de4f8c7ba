#include "cli/export_manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view kQuestion = R"({"selector":"cpu{a=\"b\"}"})";

class ExportManifestTest : public testing::Test {
 protected:
  std::unique_ptr<ExportManifest> Open(std::string_view question = kQuestion) {
    auto manifest = ExportManifest::Open(directory_.path(), question);
    EXPECT_TRUE(manifest.ok()) << manifest.status();
    return manifest.ok() ? *std::move(manifest) : nullptr;
  }

  ExportedPartition Partition(std::string_view site, int64_t begin, std::string_view version) {
    const std::string file = fmt::format("site={}/day={}/part", site, begin / 100);
    WriteFile(directory_.path() + "/" + file, version);
    return {.site = std::string(site),
            .begin = begin,
            .end = begin + 10,
            .version = std::string(version),
            .file = file,
            .bytes = version.size(),
            .rows = 1,
            .total = 2};
  }

  std::string path() const { return directory_.path() + "/_flamekeep.tsv"; }

  TempDir directory_;
};

TEST_F(ExportManifestTest, RemembersWhatIsThere) {
  const ExportedPartition b = Partition("b", 100, "v1");
  const ExportedPartition a = Partition("a", 300, "version");
  ExportedPartition a2 = Partition("a", 300, "other");
  {
    const auto manifest = Open();
    ASSERT_TRUE(manifest->Add(b).ok());
    ASSERT_TRUE(manifest->Add(a).ok());
    ASSERT_TRUE(manifest->Add(a2).ok());
    EXPECT_THAT(ReadFile(path()), testing::EndsWith("other\tsite=a/day=3/part\t5\t1\t2\n"));
  }
  // As after a kill: lines in the order of their coming.
  const std::string line = ReadFile(path());
  for (const std::string& torn :
       {std::string(), std::string("part\tc\t5"), std::string("part\tc\t5\t6\tv\tf\t"),
        std::string("range\t5\n")}) {
    WriteFile(path(), line + torn);
    const auto manifest = Open();
    EXPECT_THAT(manifest->partitions(), ElementsAre(Pair(ExportManifest::Key("a", 300), a2),
                                                    Pair(ExportManifest::Key("b", 100), b)));
    ASSERT_TRUE(manifest->Finish().ok());
    EXPECT_EQ(ReadFile(path()), "flamekeep export 2\t" + std::string(kQuestion) +
                                    "\npart\ta\t300\t310\tother\tsite=a/day=3/part\t5\t1\t2\n"
                                    "part\tb\t100\t110\tv1\tsite=b/day=1/part\t2\t1\t2\n");
  }
}

v1::Coverage CoverageOf(int64_t begin, int64_t end, const std::string& version) {
  v1::Coverage coverage;
  coverage.mutable_covered()->mutable_begin()->set_seconds(begin);
  coverage.mutable_covered()->mutable_end()->set_seconds(end);
  coverage.mutable_requested()->mutable_begin()->set_seconds(begin + 1);
  coverage.mutable_requested()->mutable_end()->set_seconds(end - 1);
  coverage.mutable_requested()->mutable_end()->set_nanos(5);
  coverage.set_version(version);
  return coverage;
}

TEST_F(ExportManifestTest, KeepsWhatEachRangeStandsOn) {
  v1::Coverage second = CoverageOf(200, 300, "v2");
  second.set_final(true);
  second.mutable_complete_through()->set_seconds(290);
  v1::Gap* gap = second.add_gaps();
  gap->set_site("eqiad");
  gap->set_source("a\tb");
  gap->mutable_range()->mutable_begin()->set_seconds(210);
  gap->mutable_range()->mutable_end()->set_seconds(220);
  gap->mutable_range()->mutable_end()->set_nanos(1);
  gap->set_reason(v1::Gap::REASON_TRIMMED);
  {
    const auto manifest = Open();
    manifest->SetCoverage(second);
    manifest->SetCoverage(CoverageOf(100, 150, "v1"));
    ASSERT_TRUE(manifest->Finish().ok());
  }
  const std::string text = "flamekeep export 2\t" + std::string(kQuestion) +
                           "\nrange\t100\t150\t101\t150\t-\tno\tv1\n"
                           "range\t200\t300\t201\t300\t290\tyes\tv2\n"
                           "gap\teqiad\t\"a\\u0009b\"\t\"\"\t210\t221\t"
                           "the stream was trimmed before it was read\n";
  EXPECT_EQ(ReadFile(path()), text);
  // Read again, nothing is lost; a range takes the place of those inside of it.
  const auto manifest = Open();
  EXPECT_EQ(ReadFile(path()), text);
  manifest->SetCoverage(CoverageOf(150, 300, "v3"));
  ASSERT_TRUE(manifest->Finish().ok());
  EXPECT_THAT(ReadFile(path()), testing::EndsWith("\tv1\nrange\t150\t300\t151\t300\t-\tno\tv3\n"));
}

TEST_F(ExportManifestTest, OneOfAnotherVersionIsRefused) {
  WriteFile(path(), "flamekeep export 1\t\"cpu\"\na\t300\t310\tv\tf\t5\t1\t2\n");
  const absl::Status status = ExportManifest::Open(directory_.path(), kQuestion).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(HasSubstr("_flamekeep.tsv"), HasSubstr("this version"),
                             HasSubstr("another directory")));
}

TEST_F(ExportManifestTest, FilesThatAreNotThereInFullAreNotThere) {
  ASSERT_TRUE(Open()->Add(Partition("a", 300, "version")).ok());
  ASSERT_TRUE(Open()->Add(Partition("b", 300, "version")).ok());
  WriteFile(directory_.path() + "/site=a/day=3/part", "versio");
  EXPECT_EQ(Open()->partitions().size(), 1u);
  std::filesystem::remove(directory_.path() + "/site=b/day=3/part");
  EXPECT_TRUE(Open()->partitions().empty());
}

// A day that begins elsewhere, or is written in another way, takes the place of what was there.
TEST_F(ExportManifestTest, OneFileAPartition) {
  const auto manifest = Open();
  ASSERT_TRUE(manifest->Add(Partition("a", 350, "late")).ok());
  ASSERT_TRUE(manifest->Add(Partition("a", 300, "whole")).ok());
  EXPECT_EQ(manifest->partitions().size(), 1u);
  ExportedPartition zipped = Partition("a", 300, "whole");
  zipped.file += ".gz";
  WriteFile(directory_.path() + "/" + zipped.file, "whole");
  ASSERT_TRUE(manifest->Add(zipped).ok());
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/site=a/day=3/part"));
  ASSERT_TRUE(manifest->Remove({"a", 300}).ok());
  EXPECT_THAT(directory_.Names(), ElementsAre("_flamekeep.tsv"));
  EXPECT_TRUE(manifest->partitions().empty());
}

TEST_F(ExportManifestTest, OneExportAtATime) {
  const auto manifest = Open();
  EXPECT_THAT(ExportManifest::Open(directory_.path(), kQuestion).status().message(),
              HasSubstr("another export"));
}

TEST_F(ExportManifestTest, HasOneQuestionOnceSomethingIsThere) {
  ASSERT_NE(Open("a"), nullptr);
  // An export that failed before its first file locks nobody out.
  ASSERT_TRUE(Open("b")->Add(Partition("a", 300, "version")).ok());
  EXPECT_THAT(ExportManifest::Open(directory_.path(), "c").status().message(),
              HasSubstr("another selection"));
}

}  // namespace
}  // namespace flamekeep::cli
