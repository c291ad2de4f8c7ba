#include "storage/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/civil_time.h"
#include "storage/column.h"
#include "storage/database.h"
#include "storage/format.h"
#include "storage/store_testing.h"

namespace flamekeep::storage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kCheckedHour =
    absl::FromCivil(absl::CivilHour(2026, 11, 20, 13), absl::UTCTimeZone());
constexpr uint64_t kValue = 3;

// A store with one minute, rolled up to its year.
class CheckTest : public testing::Test {
 protected:
  CheckTest() : store_(directory_.path()) {
    store_.Append(kCheckedHour, "excimer", "a;b", kValue);
    sample_ = store_.MakeSample(kCheckedHour, "excimer", "a;b", kValue);
    hash_ = store_->dictionary().StackHash(sample_.stack);
    if (!store_->RunMaintenance(/*force=*/true).ok()) abort();
  }

  // What the checker says of the store after `edit`.
  std::vector<std::string> FaultsAfter(absl::FunctionRef<void(const Database&)> edit) {
    store_.Close();
    EditDatabase(directory_.path(), edit);
    store_.Reopen();
    return *store_->Check();
  }

  std::string Column(uint64_t value, Digest digest, uint32_t stack) const {
    ColumnHeader header;
    header.observations = 1;
    header.digest = digest;
    return EncodeColumn(header, {{stack, value}});
  }

  void Put(const Database& database, const std::string& key, const std::string& value) const {
    ASSERT_TRUE(database.db()->Put({}, database.level(Level::kMinute), key, value).ok());
  }

  TestDirectory directory_;
  TestStore store_;
  Sample sample_{};
  Digest hash_ = 0;
};

TEST_F(CheckTest, ASoundStoreHasNoFaults) {
  EXPECT_THAT(FaultsAfter([](const Database&) {}), IsEmpty());
}

TEST_F(CheckTest, AWrongDigest) {
  EXPECT_THAT(FaultsAfter([&](const Database& database) {
                OverwriteColumn(database, Level::kMinute, kCheckedHour,
                                Column(kValue + 1, hash_ * kValue, Raw(sample_.stack)));
              }),
              ElementsAre(HasSubstr("does not match its digest")));
}

TEST_F(CheckTest, ARolledPartThatIsNotTheSum) {
  EXPECT_THAT(FaultsAfter([&](const Database& database) {
                OverwriteColumn(database, Level::kHour, kCheckedHour,
                                Column(kValue + 1, hash_ * (kValue + 1), Raw(sample_.stack)));
              }),
              ElementsAre(HasSubstr("is not the sum of its minutes"),
                          HasSubstr("is not the sum of its hours")));
}

TEST_F(CheckTest, AnUnknownOwner) {
  const Minute other = MinuteOf(kCheckedHour).value() + 1;
  for (const ColumnKey& key :
       {ColumnKey{SiteId{9}, other, sample_.series, SourceId{1}, Part::kDirect},
        ColumnKey{SiteId{0}, other, SeriesId{9}, SourceId{1}, Part::kDirect},
        ColumnKey{SiteId{0}, other, sample_.series, SourceId{9}, Part::kDirect}}) {
    EXPECT_THAT(FaultsAfter([&](const Database& database) {
                  Put(database, EncodeColumnKey(key),
                      Column(kValue, hash_ * kValue, Raw(sample_.stack)));
                }),
                Contains(HasSubstr("has an owner that is not in the registry")));
    FaultsAfter([&](const Database& database) {
      ASSERT_TRUE(
          database.db()->Delete({}, database.level(Level::kMinute), EncodeColumnKey(key)).ok());
    });
  }
}

TEST_F(CheckTest, AnUnknownStack) {
  EXPECT_THAT(FaultsAfter([&](const Database& database) {
                OverwriteColumn(database, Level::kMinute, kCheckedHour,
                                Column(kValue, hash_ * kValue, 1'000'000));
              }),
              ElementsAre(HasSubstr("holds stacks that are not in the dictionary")));
}

TEST_F(CheckTest, ADamagedColumn) {
  EXPECT_THAT(FaultsAfter([&](const Database& database) {
                OverwriteColumn(database, Level::kMinute, kCheckedHour, "garbage");
              }),
              Contains(HasSubstr("of site 0, series 1, source 1 is damaged")));
}

TEST_F(CheckTest, AMalformedKey) {
  EXPECT_THAT(FaultsAfter([&](const Database& database) { Put(database, "key", "value"); }),
              ElementsAre("the minute level holds a malformed key"));
}

// A damaged block is one fault, and the others are checked all the same.
TEST_F(CheckTest, AFlippedByteInATable) {
  std::vector<std::string> tables;
  const std::vector<std::string> faults = FaultsAfter([&](const Database& database) {
    OverwriteColumn(database, Level::kHour, kCheckedHour, "garbage");
    std::vector<rocksdb::LiveFileMetaData> files;
    for (const Level level : {Level::kMinute, Level::kHour, Level::kDay}) {
      ASSERT_TRUE(database.db()
                      ->CompactRange(rocksdb::CompactRangeOptions(), database.level(level), nullptr,
                                     nullptr)
                      .ok());
    }
    database.db()->GetLiveFilesMetaData(&files);
    for (const rocksdb::LiveFileMetaData& file : files) {
      if (file.column_family_name == kLevelFamilies[static_cast<size_t>(Level::kMinute)] ||
          file.column_family_name == kLevelFamilies[static_cast<size_t>(Level::kDay)]) {
        tables.push_back(file.db_path + file.name);
      }
    }
    for (const std::string& table : tables) {
      std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(20);
      file.put('\x55');
    }
  });
  EXPECT_EQ(tables.size(), 2u);
  EXPECT_THAT(faults, ElementsAre(testing::AllOf(HasSubstr("some minutes of site \"eqiad\" up to"),
                                                 HasSubstr("can not be read"), HasSubstr(".sst")),
                                  HasSubstr("the hour column"),
                                  HasSubstr("some days of site \"eqiad\" up to")));
}

}  // namespace
}  // namespace flamekeep::storage
