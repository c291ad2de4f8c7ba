#include "ingest/redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisUrlTest, WhatPeopleWrite) {
  const std::pair<std::string, RedisAddress> cases[] = {
      {"redis://arclamp1001", {.host = "arclamp1001"}},
      {"redis://arclamp1001:6380", {.host = "arclamp1001", .port = 6380}},
      {"redis://h:6380/", {.host = "h", .port = 6380}},
      {"redis://h/3", {.host = "h", .db = 3}},
      {"redis://h?db=3", {.host = "h", .db = 3}},
      {"redis://:secret@h", {.host = "h", .password = "secret"}},
      {"redis://reader@h", {.host = "h", .user = "reader"}},
      {"redis://reader:s%40crit%2F@h:1/2",
       {.host = "h", .port = 1, .db = 2, .user = "reader", .password = "s@crit/"}},
      {"redis://u:a:b@c@h", {.host = "h", .user = "u", .password = "a:b@c"}},
      {"redis://[2001:db8::1]:6380/1", {.host = "2001:db8::1", .port = 6380, .db = 1}},
      {"redis://[::1]", {.host = "::1"}},
      {"redis://[fe80::1%eth0]", {.host = "fe80::1%eth0"}},
      {"10.0.0.1:6380", {.host = "10.0.0.1", .port = 6380}},
      {"arclamp1001", {.host = "arclamp1001"}},
      {"unix:/run/redis.sock", {.socket_path = "/run/redis.sock"}},
      {"unix:///run/a%20b.sock?db=2", {.socket_path = "/run/a b.sock", .db = 2}},
      {"unix://u:p@/run/redis.sock",
       {.socket_path = "/run/redis.sock", .user = "u", .password = "p"}},
  };
  for (const auto& [url, address] : cases) {
    const auto parsed = ParseRedisUrl(url);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, address) << url;
  }
}

TEST(RedisUrlTest, WhatIsNoAddress) {
  for (const std::string url : {"",
                                "redis://",
                                "redis://:6379",
                                "redis:///1",
                                "redis://h:0",
                                "redis://h:65536",
                                "redis://h:x",
                                "redis://h:",
                                "redis://h/x",
                                "redis://h/1/2",
                                "redis://h?x=1",
                                "redis://h?db=",
                                "redis://::1",
                                "redis://[::1",
                                "redis://[::1]x",
                                "redis://[h]",
                                "redis://a%4@h",
                                "redis://a:%zz@h",
                                "redis://h h",
                                "http://h",
                                "h/4294967296",
                                "unix:",
                                "unix:run/redis.sock",
                                "unix:/a%00b",
                                "redis://h\n",
                                "redis://@",
                                "redis://h%41"}) {
    const auto parsed = ParseRedisUrl(url);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  EXPECT_FALSE(ParseRedisUrl("unix:/" + std::string(200, 'a')).ok());
}

TEST(RedisUrlTest, TlsIsRefusedInOneSentence) {
  const std::string message = Message(ParseRedisUrl("rediss://u:secret@h").status());
  EXPECT_THAT(message, HasSubstr("TLS"));
  EXPECT_THAT(message, HasSubstr("rediss://...@h"));
}

TEST(RedisUrlTest, PasswordsAreNeverShown) {
  for (const std::string url :
       {"rediss://u:secret@h", "redis://u:secret@h:x", "redis://u:secret@", "redis://:secret%@h",
        "redis://:sec/secret@h", "http://u:secret@h", "u:secret@h:0", "unix://u:secret@x",
        "redis://u:secret@h?x", "redis://u:x@secret@:1"}) {
    const auto parsed = ParseRedisUrl(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_THAT(Message(parsed.status()), Not(HasSubstr("secret"))) << url;
  }
  EXPECT_EQ(ParseRedisUrl("redis://u:secret@h/1")->Display(), "redis://h:6379/1");
  EXPECT_EQ(ParseRedisUrl("redis://[::1]:7")->Display(), "redis://[::1]:7");
  EXPECT_EQ(ParseRedisUrl("unix:/run/r.sock?db=1")->Display(), "unix:/run/r.sock?db=1");
}

TEST(RedisUrlTest, DisplayIsAnAddressAgain) {
  for (const std::string url : {"redis://h", "redis://[::1]:7/2", "unix:/run/r.sock?db=1"}) {
    const auto parsed = ParseRedisUrl(url);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(ParseRedisUrl(parsed->Display()).value(), *parsed);
  }
}

}  // namespace
}  // namespace flamekeep::ingest
