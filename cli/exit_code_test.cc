#include "cli/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "base/status.h"

namespace flamekeep::cli {
namespace {

// The exit code and what was printed.
std::pair<int, std::string> Exit(const absl::Status& status) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* err = open_memstream(&text, &size);
  const int code = ExitWith(status, err);
  std::fclose(err);
  std::pair<int, std::string> result = {code, std::string(text, size)};
  free(text);
  return result;
}

// Scripts depend on these numbers.
TEST(ExitWith, CodesArePublic) {
  EXPECT_EQ(Exit(absl::OkStatus()), std::make_pair(0, std::string()));
  EXPECT_EQ(Exit(NotFound("no file")), std::make_pair(1, std::string("flamekeep: no file\n")));
  EXPECT_EQ(Exit(InvalidArgument("bad time")),
            std::make_pair(2, std::string("flamekeep: bad time\n")));
  EXPECT_EQ(Exit(Interrupted(SIGINT, "run again")),
            std::make_pair(130, std::string("flamekeep: interrupted: run again\n")));
  EXPECT_EQ(Exit(Interrupted(SIGTERM, "run again")),
            std::make_pair(143, std::string("flamekeep: interrupted: run again\n")));
  EXPECT_EQ(Exit(PipeClosed()), std::make_pair(0, std::string()));
  EXPECT_EQ(Exit(absl::CancelledError("the server is stopping")).first, 1);
  EXPECT_EQ(Exit(AboveLimit("f has 3%, above 2%")),
            std::make_pair(3, std::string("flamekeep: f has 3%, above 2%\n")));
}

}  // namespace
}  // namespace flamekeep::cli
