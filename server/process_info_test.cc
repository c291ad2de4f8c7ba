#include "server/process_info.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace flamekeep::server {
namespace {

TEST(ProcessInfoTest, TheLimitOfDescriptorsCanBeRaised) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max <= 100) GTEST_SKIP() << "the hard limit leaves nothing to raise";
  limit.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ReadProcessInfo().max_fds, 100u);
  EXPECT_TRUE(RaiseDescriptorLimit());
  EXPECT_EQ(ReadProcessInfo().max_fds, limit.rlim_max);
}

}  // namespace
}  // namespace flamekeep::server
