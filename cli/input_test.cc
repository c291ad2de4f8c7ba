#include "cli/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "base/status.h"
#include "cli/test_compression.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

// Reads on with pieces of the given size at most.
absl::StatusOr<std::string> ReadRest(Input& input, size_t piece) {
  std::string content;
  std::string buffer(piece, '\0');
  while (true) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, input.Read(buffer.data(), piece));
    if (n == 0) return content;
    content.append(buffer, 0, n);
  }
}

std::string RandomText(size_t size) {
  std::mt19937 random(7);
  std::string text(size, '\0');
  for (char& c : text) c = random() % 40 == 0 ? '\n' : static_cast<char>('a' + random() % 26);
  return text;
}

class InputTest : public testing::TestWithParam<size_t> {
 protected:
  void ExpectContent(const std::string& raw, const std::string& want) {
    auto input = Input::Open(dir_.File("file", raw));
    ASSERT_TRUE(input.ok()) << input.status();
    for (int round = 0; round < 2; ++round) {
      const auto content = ReadRest(**input, GetParam());
      ASSERT_TRUE(content.ok()) << content.status();
      EXPECT_TRUE(*content == want) << content->size() << " bytes, want " << want.size();
      ASSERT_TRUE((*input)->Rewind().ok());
    }
  }

  const TempDir dir_;
};

TEST_P(InputTest, ReadsEveryCompression) {
  const std::string text = RandomText(300'000);
  ExpectContent(text, text);
  ExpectContent(Gzip(text), text);
  ExpectContent(Zstd(text), text);
}

TEST_P(InputTest, ReadsSeveralMembersAndEmptyOnes) {
  const std::string text = RandomText(70'000);
  ExpectContent(Gzip(text) + Gzip("") + Gzip("end\n") + std::string(100, '\0'), text + "end\n");
  ExpectContent(Zstd(text) + Zstd("") + Zstd("end\n"), text + "end\n");
  ExpectContent(std::string("\x5a\x2a\x4d\x18\x03\0\0\0abc", 11) + Zstd(text), text);
  ExpectContent(Gzip(""), "");
  ExpectContent(Zstd(""), "");
  ExpectContent("", "");
}

TEST_P(InputTest, TruncatedDataIsAnError) {
  const std::string text = RandomText(100'000);
  for (const std::string& raw :
       {Gzip(text), Zstd(text), Gzip(text) + Gzip(text), Zstd(text) + Zstd(text)}) {
    for (const size_t cut : {size_t{1}, size_t{5}, raw.size() / 5}) {
      auto input = Input::Open(dir_.File("cut", raw.substr(0, raw.size() - cut)));
      ASSERT_TRUE(input.ok()) << input.status();
      const auto content = ReadRest(**input, GetParam());
      EXPECT_TRUE(absl::IsDataLoss(content.status())) << content.status();
      EXPECT_THAT(Message(content.status()), testing::HasSubstr(dir_.path() + "/cut"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pieces, InputTest, testing::Values(1, 1000, size_t{1} << 20));

TEST(Input, DamagedDataIsAnError) {
  const TempDir dir;
  for (std::string raw : {Gzip(RandomText(100'000)), Zstd(RandomText(100'000))}) {
    raw[raw.size() / 2] ^= 0x55;
    raw[raw.size() / 2 + 1] ^= 0x55;
    auto input = Input::Open(dir.File("bad", raw));
    ASSERT_TRUE(input.ok()) << input.status();
    EXPECT_TRUE(absl::IsDataLoss(ReadRest(**input, 1 << 20).status()));
  }
}

TEST(Input, ErrorsSayWhatToDo) {
  const TempDir dir;
  EXPECT_TRUE(absl::IsNotFound(Input::Open(dir.path() + "/none").status()));
  const auto directory = Input::Open(dir.path());
  EXPECT_TRUE(absl::IsInvalidArgument(directory.status()));
  EXPECT_THAT(Message(directory.status()), testing::HasSubstr("--arclamp"));
  const auto xz = Input::Open(dir.File("log.xz", std::string("\xfd"
                                                             "7zXZ\0 and more",
                                                             15)));
  EXPECT_THAT(Message(xz.status()), testing::HasSubstr("compressed with xz"));
}

TEST(Input, PipeCanGoBackUntilItForgets) {
  const TempDir dir;
  const std::string path = dir.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string text = RandomText(500'000);
  std::thread writer([&] { std::ofstream(path, std::ios::binary) << text; });
  auto input = Input::Open(path);
  ASSERT_TRUE(input.ok()) << input.status();
  EXPECT_TRUE((*input)->is_finished());
  std::string buffer(100'000, '\0');
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE((*input)->Read(buffer.data(), 1000 * (round + 1)).ok());
    ASSERT_TRUE((*input)->Rewind().ok());
  }
  (*input)->ForgetStart();
  EXPECT_EQ(*ReadRest(**input, 4096), text);
  EXPECT_TRUE(absl::IsResourceExhausted((*input)->Rewind()));
  writer.join();
}

}  // namespace
}  // namespace flamekeep::cli
