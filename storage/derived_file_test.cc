#include "storage/derived_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "storage/format.h"

namespace flamekeep::storage {
namespace {

namespace fs = std::filesystem;

class DerivedFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "derived-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(directory_); }

  absl::Status Write() {
    auto writer = DerivedFileWriter::Create(directory_, id_);
    if (!writer.ok()) return writer.status();
    // Out of order, through a stream and directly.
    DerivedFileStream stream(writer->get(), 4);
    if (auto status = stream.Append("payload", 7); !status.ok()) return status;
    if (auto status = stream.Flush(); !status.ok()) return status;
    if (auto status = (*writer)->Write(0, "The "); !status.ok()) return status;
    return (*writer)->Finish();
  }
  std::string path() const { return directory_ + "/" + id_.name(); }
  std::string Bytes() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }
  absl::StatusCode OpenCode() const { return DerivedFile::Open(directory_, id_).status().code(); }

  std::string directory_;
  DerivedFileId id_{
      .magic = kIndexMagic, .first_block = 4, .end_block = 8, .entries = 3, .payload_bytes = 11};
};

TEST_F(DerivedFileTest, Names) {
  EXPECT_EQ(id_.name(), "index-00000004-00000008.fki");
  EXPECT_EQ((DerivedFileId{.magic = kNodesMagic, .first_block = 79}).name(), "nodes-00000079.fkn");
}

TEST_F(DerivedFileTest, GoldenBytes) {
  ASSERT_EQ(Write(), absl::OkStatus());
  std::string expected("FKINDEX\0", 8);
  PutFixed32(1, &expected);                   // format
  PutFixed32(4, &expected);                   // first block
  PutFixed32(8, &expected);                   // end block
  PutFixed32(0, &expected);                   // reserved
  PutFixed64(11, &expected);                  // payload bytes
  PutFixed64(3, &expected);                   // entries
  PutFixed64(0x57222024ccea7227, &expected);  // XXH3-64 of the payload
  PutFixed64(0, &expected);                   // unused
  PutFixed64(0xf90048f5e4ccb916, &expected);  // XXH3-64 of the header
  expected += "The payload";
  EXPECT_EQ(Bytes(), expected);
}

TEST_F(DerivedFileTest, ReadsWhatWasWritten) {
  ASSERT_EQ(Write(), absl::OkStatus());
  const auto file = DerivedFile::Open(directory_, id_);
  ASSERT_EQ(file.status(), absl::OkStatus());
  EXPECT_EQ((*file)->payload(), "The payload");
  EXPECT_EQ((*file)->file_bytes(), 75u);
  EXPECT_EQ((*file)->VerifyChecksum(), absl::OkStatus());
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1);
}

TEST_F(DerivedFileTest, AnUnfinishedFileLeavesNothing) {
  {
    ASSERT_TRUE(DerivedFileWriter::Create(directory_, id_).ok());
  }
  EXPECT_TRUE(fs::is_empty(directory_));
  EXPECT_EQ(OpenCode(), absl::StatusCode::kNotFound);
}

TEST_F(DerivedFileTest, AMappedFileOutlivesItsName) {
  ASSERT_EQ(Write(), absl::OkStatus());
  const auto file = DerivedFile::Open(directory_, id_);
  ASSERT_TRUE(file.ok());
  fs::remove(path());
  EXPECT_EQ((*file)->payload(), "The payload");
}

TEST_F(DerivedFileTest, EveryFlippedByteIsFound) {
  ASSERT_EQ(Write(), absl::OkStatus());
  const std::string good = Bytes();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    SetBytes(bad);
    const auto file = DerivedFile::Open(directory_, id_);
    const absl::Status status = file.ok() ? (*file)->VerifyChecksum() : file.status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << i;
    // The header is checked at once.
    EXPECT_EQ(file.ok(), i >= sizeof(DerivedHeader)) << i;
  }
}

TEST_F(DerivedFileTest, AnotherSizeOrIdentityIsRefused) {
  ASSERT_EQ(Write(), absl::OkStatus());
  SetBytes(Bytes() + "x");
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
  SetBytes("");
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
  ASSERT_EQ(Write(), absl::OkStatus());
  id_.entries = 4;
  EXPECT_EQ(OpenCode(), absl::StatusCode::kDataLoss);
}

TEST_F(DerivedFileTest, ADirectoryThatIsMissingIsAnError) {
  directory_ += "/missing";
  EXPECT_FALSE(Write().ok());
}

}  // namespace
}  // namespace flamekeep::storage
