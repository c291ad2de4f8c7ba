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

constexpr std::string_view kQuestion = "cpu\t{a=\"b\"}";

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
       {std::string(), std::string("c\t5"), std::string("c\t5\t6\tv\tf\t")}) {
    WriteFile(path(), line + torn);
    const auto manifest = Open();
    EXPECT_THAT(manifest->partitions(), ElementsAre(Pair(ExportManifest::Key("a", 300), a2),
                                                    Pair(ExportManifest::Key("b", 100), b)));
    ASSERT_TRUE(manifest->Finish().ok());
    EXPECT_EQ(ReadFile(path()),
              "flamekeep export 1\t\"cpu\\t{a=\\\"b\\\"}\"\n"
              "a\t300\t310\tother\tsite=a/day=3/part\t5\t1\t2\n"
              "b\t100\t110\tv1\tsite=b/day=1/part\t2\t1\t2\n");
  }
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
