#include "server/text.h"

#include <gtest/gtest.h>

#include <string>

#include "server/address.h"
#include "server/yaml_value.h"

namespace flamekeep::server {
namespace {

TEST(TextTest, ShortenMakesAnyBytesFitOneLine) {
  EXPECT_EQ(Shorten("plain"), "plain");
  EXPECT_EQ(Shorten("a\nb\x7f\x01"), "a?b??");
  EXPECT_EQ(Shorten("gr\xc3\xbc\xc3\x9f \xff\xc3"), "gr\xc3\xbc\xc3\x9f ??");
  // A surrogate, an overlong form, and what lies above U+10FFFF.
  EXPECT_EQ(Shorten("\xed\xa0\x80 \xe0\x80\xaf \xf4\x90\x80\x80"), "??? ??? ????");
  EXPECT_EQ(Shorten("0123456789", 10), "0123456789");
  EXPECT_EQ(Shorten("0123456789a", 10), "0123456789...");
  EXPECT_EQ(Shorten("012345678\xc3\xbc", 10), "012345678...");
}

TEST(TextTest, NearestFindsWhatWasMeant) {
  EXPECT_EQ(Nearest("sitse", {"data", "sites"}), "sites");
  EXPECT_EQ(Nearest("qux", {"data", "sites"}), "");
  EXPECT_EQ(Nearest(std::string(1000, 'x'), {"data"}), "");
}

TEST(TextTest, SizesAndDurationsReadBack) {
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1500}, uint64_t{1} << 10,
                               uint64_t{3} << 20, uint64_t{7} << 40}) {
    EXPECT_EQ(*yaml::ParseBytes(BytesText(bytes)), bytes);
  }
  for (const absl::Duration duration :
       {absl::Milliseconds(1), absl::Milliseconds(1500), absl::Seconds(59), absl::Minutes(61),
        absl::Hours(25), absl::Hours(48)}) {
    EXPECT_EQ(*yaml::ParseDuration(DurationText(duration)), duration);
  }
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "forever");
  EXPECT_EQ(BytesText(uint64_t{64} << 20), "64MiB");
  EXPECT_EQ(DurationText(absl::Hours(24 * 90)), "90d");
  for (const char* wrong : {"", "d", "-1d", "1", "1 d", "1y", "1.5h", "99999999999999999999s",
                            "9223372036854775807w"}) {
    EXPECT_FALSE(yaml::ParseDuration(wrong).ok()) << wrong;
  }
  for (const char* wrong : {"", "MiB", "-1", "1 MiB", "1mib", "18446744073709551616"}) {
    EXPECT_FALSE(yaml::ParseBytes(wrong).ok()) << wrong;
  }
}

TEST(AddressTest, ParsesHostAndPort) {
  EXPECT_EQ(ParseAddress("127.0.0.1:4041")->ToString(), "127.0.0.1:4041");
  EXPECT_EQ(ParseAddress("[::1]:0")->host, "::1");
  EXPECT_EQ(ParseAddress("[::1]:0")->ToString(), "[::1]:0");
  EXPECT_EQ(ParseAddress("localhost:65535")->port, 65535);
  for (const char* wrong :
       {"", "host", ":1", "host:", "host:x", "host:65536", "::1:1", "a b:1", "host:-1", "[]:1"}) {
    EXPECT_FALSE(ParseAddress(wrong).ok()) << wrong;
  }
  EXPECT_EQ(Resolve({"localhost", 7})->port, 7);
  EXPECT_EQ(Resolve({"::1", 7})->ToString(), "[::1]:7");
  EXPECT_EQ(Resolve({"no.such.host.invalid", 7}).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace flamekeep::server
