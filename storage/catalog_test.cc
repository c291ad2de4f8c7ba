#include "storage/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/status.h"

namespace flamekeep::storage {
namespace {

SourceKey Named(std::string name) { return {SourceKind::kPush, "eqiad", std::move(name), "", 0}; }

TEST(CatalogTest, SourcesAreBounded) {
  Catalog catalog(2);
  const auto first = catalog.InternSource(Named("a"));
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(catalog.InternSource(Named("b")).ok());
  const absl::Status refused = catalog.InternSource(Named("c")).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(refused), ::testing::HasSubstr("\"c\" would be one more than the 2"));
  EXPECT_EQ(*catalog.InternSource(Named("a")), *first);
  EXPECT_EQ(catalog.SourceOf(*first), Named("a"));
}

}  // namespace
}  // namespace flamekeep::storage
