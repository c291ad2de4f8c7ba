#include "cli/part_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "cli/test_compression.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

using testing::ElementsAre;

std::string Ungzip(std::string_view data) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(4 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string Unzstd(std::string_view data) {
  std::string out(4 << 20, '\0');
  ZSTD_DCtx* context = ZSTD_createDCtx();
  const size_t size =
      ZSTD_decompressDCtx(context, out.data(), out.size(), data.data(), data.size());
  EXPECT_EQ(ZSTD_isError(size), 0u);
  ZSTD_freeDCtx(context);
  out.resize(size);
  return out;
}

std::string Content(size_t bytes) {
  std::mt19937_64 random(3);
  std::string text;
  while (text.size() < bytes) text += fmt::format("line {}\n", random() % 1000);
  return text;
}

TEST(PartFile, AppearsWholeInEachCompression) {
  for (const size_t bytes : {size_t{0}, size_t{10}, size_t{2} << 20}) {
    const std::string text = bytes == 0 ? "" : Content(bytes);
    for (const Compression compression :
         {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
      const TempDir directory;
      const std::string path = directory.path() + "/site=a/day=b/part";
      auto file = PartFile::Create(path, compression);
      ASSERT_TRUE(file.ok()) << file.status();
      for (size_t at = 0; at < text.size(); at += 1000) {
        ASSERT_TRUE((*file)->Write(std::string_view(text).substr(at, 1000)).ok());
      }
      EXPECT_FALSE(std::filesystem::exists(path));
      const auto size = (*file)->Commit();
      ASSERT_TRUE(size.ok()) << size.status();
      const std::string written = ReadFile(path);
      EXPECT_EQ(written.size(), *size);
      EXPECT_EQ(compression == Compression::kGzip   ? Ungzip(written)
                : compression == Compression::kZstd ? Unzstd(written)
                                                    : written,
                text);
    }
  }
}

TEST(PartFile, WithoutCommitTheOldOneStays) {
  const TempDir directory;
  const std::string path = directory.File("part", "old");
  {
    auto file = PartFile::Create(path, Compression::kNone);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Write("new").ok());
    EXPECT_THAT(directory.Names(), ElementsAre(".part.unfinished", "part"));
  }
  EXPECT_THAT(directory.Names(), ElementsAre("part"));
  EXPECT_EQ(ReadFile(path), "old");
}

TEST(PartFile, SaysWhatCanNotBeWritten) {
  const TempDir directory;
  const std::string path = directory.File("file", "") + "/part";
  EXPECT_THAT(PartFile::Create(path, Compression::kNone).status().message(),
              testing::HasSubstr(path));
}

}  // namespace
}  // namespace flamekeep::cli
