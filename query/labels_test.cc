#include "query/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flamekeep::query {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

const std::vector<storage::SeriesKey> kStored = {
    {"eqiad", "cpu:samples:count::", {{"host", "mw1"}}},
    {"eqiad", "cpu:samples:count::", {{"host", "mw2"}, {"zone", "a"}}},
    {"codfw", "cpu:samples:count::", {{"host", "mw1"}}},
    {"codfw", "cpu:cpu:nanoseconds::", {}},
    {"codfw", "wall:samples:count::", {}},
};

TEST(LabelsTest, NamesAndValuesInOrder) {
  EXPECT_THAT(LabelNamesOf(kStored), ElementsAre(FieldsAre("host", 2, 3), FieldsAre("site", 2, 5),
                                                 FieldsAre("zone", 1, 1)));
  EXPECT_THAT(LabelValuesOf(kStored, "host"),
              ElementsAre(FieldsAre("mw1", 2), FieldsAre("mw2", 1)));
  EXPECT_THAT(LabelValuesOf(kStored, "site"),
              ElementsAre(FieldsAre("codfw", 3), FieldsAre("eqiad", 2)));
  EXPECT_THAT(LabelValuesOf(kStored, "none"), IsEmpty());
  EXPECT_THAT(LabelNamesOf({}), IsEmpty());
}

TEST(LabelsTest, ATypeIsBareWhereItIsUniqueInTheStore) {
  EXPECT_THAT(ProfileTypesOf(kStored, kStored),
              ElementsAre(FieldsAre("cpu:cpu:nanoseconds::", "cpu:cpu:nanoseconds::", 1),
                          FieldsAre("cpu:samples:count::", "cpu:samples:count::", 3),
                          FieldsAre("wall:samples:count::", "wall", 1)));
  // Of few series, still by what the store has.
  EXPECT_THAT(ProfileTypesOf({kStored[0]}, kStored),
              ElementsAre(FieldsAre("cpu:samples:count::", "cpu:samples:count::", 1)));
}

}  // namespace
}  // namespace flamekeep::query
