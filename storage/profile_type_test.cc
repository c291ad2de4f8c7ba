#include "storage/profile_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace flamekeep::storage {
namespace {

using ::testing::HasSubstr;

TEST(ProfileTypeTest, BareNameIsShortForSamplesAndCount) {
  const auto type = ParseProfileType("excimer-wall");
  ASSERT_TRUE(type.ok()) << type.status();
  EXPECT_EQ(type->Id(), "excimer-wall:samples:count::");
  EXPECT_EQ(type->ShortName(), "excimer-wall");
  EXPECT_EQ(ParseProfileType(type->Id()).value(), *type);
}

TEST(ProfileTypeTest, FiveParts) {
  const auto type = ParseProfileType("process_cpu:cpu:nanoseconds:cpu:nanoseconds");
  ASSERT_TRUE(type.ok()) << type.status();
  EXPECT_EQ(type->name, "process_cpu");
  EXPECT_EQ(type->type, "cpu");
  EXPECT_EQ(type->period_unit, "nanoseconds");
  EXPECT_EQ(type->Id(), "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
  EXPECT_EQ(type->ShortName(), type->Id());
}

TEST(ProfileTypeTest, NamesThatAreNone) {
  for (const std::string text :
       {"", ":", "1a", "-a", ".a", "a b", "a:b", "a:b:c:d", "a:b:c:d:e:f", ":b:c:d:e",
        "a::c::", "a:b:::", "a:b c:d::", "\xff", "a\n", "a;b", "a{b}"}) {
    const auto type = ParseProfileType(text);
    EXPECT_EQ(type.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_TRUE(ParseProfileType(std::string(kMaxProfileTypePart, 'a')).ok());
  EXPECT_FALSE(ParseProfileType(std::string(kMaxProfileTypePart + 1, 'a')).ok());
}

TEST(ProfileTypeTest, ErrorNamesTheText) {
  EXPECT_THAT(Message(ParseProfileType("what?").status()), HasSubstr("what?"));
}

}  // namespace
}  // namespace flamekeep::storage
