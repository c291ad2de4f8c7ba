#include "storage/growth_log.h"

#include <memory>
#include <string>

#include "base/status.h"

namespace flamekeep::storage {

absl::Status GrowthLog::RunDue(absl::Time now) {
  const int64_t days = absl::ToUnixSeconds(now) / (24 * 60 * 60);
  if (days < kGrowthDays || days > UINT32_MAX) return absl::OkStatus();  // no clock
  const uint32_t day = static_cast<uint32_t>(days);
  if (last_day_ == day) return absl::OkStatus();
  const std::string key = MetaKey(MetaTag::kGrowth, day);
  std::vector<std::string> old;
  DictionaryRecord record;
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
    std::string found;
    const rocksdb::Status status =
        database->db()->Get(rocksdb::ReadOptions(), database->meta(), key, &found);
    if (status.ok()) {
      last_day_ = day;
      return absl::OkStatus();
    }
    if (!status.IsNotFound()) return FromRocksDb(status, "reading the dictionary's growth");
    record = MeasureDictionary(*database, *parts_.dictionary, now);
    const std::string end = MetaKey(MetaTag::kGrowth, day - kGrowthDays);
    const auto it = std::unique_ptr<rocksdb::Iterator>(
        database->db()->NewIterator(rocksdb::ReadOptions(), database->meta()));
    for (it->Seek(MetaKey(MetaTag::kGrowth)); it->Valid() && View(it->key()) < end; it->Next()) {
      old.push_back(it->key().ToString());
    }
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the dictionary's growth"));
  }
  FLAMEKEEP_RETURN_IF_ERROR(parts_.committer->Run([&] {
    rocksdb::WriteBatch* batch = parts_.flusher->Begin();
    batch->Put(key, EncodeDictionaryRecord(record));
    for (const std::string& expired : old) batch->Delete(expired);
    return true;
  }));
  last_day_ = day;
  return absl::OkStatus();
}

DictionaryRecord MeasureDictionary(const Database& database, const Dictionary& dictionary,
                                   absl::Time now) {
  const DictionaryStats stats = dictionary.stats();
  return {.unix_ms = absl::ToUnixMillis(now),
          .frames = static_cast<uint32_t>(stats.frames),
          .stacks = static_cast<uint32_t>(stats.stacks),
          .bytes = database.LiveBytes(database.dictionary()) + stats.derived_bytes};
}

absl::StatusOr<std::vector<DictionaryRecord>> ReadGrowthLog(const Database& database) {
  std::vector<DictionaryRecord> records;
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database.db()->NewIterator(rocksdb::ReadOptions(), database.meta()));
  const std::string prefix = MetaKey(MetaTag::kGrowth);
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    FLAMEKEEP_RETURN_IF_ERROR(DecodeGrowthKey(View(it->key())).status());
    FLAMEKEEP_ASSIGN_OR_RETURN(const DictionaryRecord record,
                               DecodeDictionaryRecord(View(it->value())));
    records.push_back(record);
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading the dictionary's growth"));
  return records;
}

}  // namespace flamekeep::storage
