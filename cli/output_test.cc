#include "cli/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/status.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "cli/test_util.h"

namespace flamekeep::cli {
namespace {

namespace fs = std::filesystem;

TEST(Output, FileAppearsWholeAtCommit) {
  const TempDir dir;
  const std::string path = dir.File("out.svg", "old");
  {
    auto output = Output::Create(path);
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_TRUE((*output)->Write(std::string(1 << 20, 'x')).ok());
    EXPECT_EQ(ReadFile(path), "old");
    ASSERT_TRUE((*output)->Commit().ok());
    EXPECT_EQ(ReadFile(path).size(), size_t{1} << 20);
  }
  EXPECT_EQ(dir.Names(), std::vector<std::string>{"out.svg"});
}

TEST(Output, WithoutCommitNothingChanges) {
  const TempDir dir;
  const std::string path = dir.File("out.svg", "old");
  {
    ASSERT_TRUE((*Output::Create(path))->Write("new").ok());
  }
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(dir.Names(), std::vector<std::string>{"out.svg"});
}

TEST(Output, KeepsModeAndFollowsLinks) {
  const TempDir dir;
  const std::string path = dir.File("out.txt", "old");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  fs::create_symlink("out.txt", dir.path() + "/link");
  auto output = Output::Create(dir.path() + "/link");
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_TRUE((*output)->Write("new").ok());
  ASSERT_TRUE((*output)->Commit().ok());
  EXPECT_TRUE(fs::is_symlink(dir.path() + "/link"));
  EXPECT_EQ(ReadFile(path), "new");
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640U);
}

TEST(Output, DevicesAreWrittenNotReplaced) {
  auto output = Output::Create("/dev/null");
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_TRUE((*output)->Write("x").ok());
  ASSERT_TRUE((*output)->Commit().ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Output, ErrorsNameTheFile) {
  const TempDir dir;
  const auto missing = Output::Create(dir.path() + "/none/out.svg");
  EXPECT_THAT(Message(missing.status()), testing::HasSubstr(dir.path() + "/none/out.svg"));
  const auto directory = Output::Create(dir.path());
  EXPECT_TRUE(absl::IsInvalidArgument(directory.status())) << directory.status();
}

TEST(Output, GoneReaderIsQuiet) {
  InstallSignalHandlers();
  const TempDir dir;
  const std::string path = dir.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  auto output = Output::Create(path);
  ASSERT_TRUE(output.ok()) << output.status();
  close(reader);
  absl::Status status = (*output)->Write("x");
  if (status.ok()) status = (*output)->Commit();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ExitWith(status, stderr), kExitOk);
}

}  // namespace
}  // namespace flamekeep::cli
