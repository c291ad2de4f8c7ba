#include "storage/salvage.h"

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/status.h"
#include "storage/database.h"

namespace flamekeep::storage {
namespace {

// Keys as numbers: their first 16 bytes, which is all of them for columns. A key that is longer
// counts as the number behind it.
using KeyNumber = unsigned __int128;
constexpr size_t kKeyBytes = sizeof(KeyNumber);
constexpr size_t kReadahead = size_t{1} << 20;

KeyNumber NumberOf(std::string_view key) {
  KeyNumber number = 0;
  for (size_t i = 0; i < kKeyBytes; ++i) {
    number = number << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
  }
  return number;
}

std::string KeyOf(KeyNumber number) {
  std::string key(kKeyBytes, '\0');
  for (size_t i = kKeyBytes; i > 0; --i, number >>= 8) {
    key[i - 1] = static_cast<char>(static_cast<uint8_t>(number));
  }
  return key;
}

rocksdb::ReadOptions Options() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadahead;
  return options;
}

// Whether another try would do no better.
bool IsDamage(const rocksdb::Status& status) {
  // A table that is gone.
  const bool missing = status.IsIOError() && status.subcode() == rocksdb::Status::kPathNotFound;
  return status.IsCorruption() || missing;
}

class Salvager {
 public:
  Salvager(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) : db_(db), family_(family) {}

  // The smallest key from `bad` on at which reading can go on; `bad` is one at which it can not.
  absl::StatusOr<std::string> FindReadable(std::string_view bad) {
    const KeyNumber begin = NumberOf(bad);
    // Small steps first, so that sound blocks between two damaged ones are not stepped over; each
    // a quarter further away than the one before.
    KeyNumber failing = 0;
    KeyNumber step = 1;
    while (true) {
      const KeyNumber room = ~KeyNumber{0} - begin;
      const bool last = step >= room;
      const KeyNumber distance = last ? room : step;
      FLAMEKEEP_ASSIGN_OR_RETURN(const bool readable, CanRead(begin + distance));
      if (readable) {
        step = distance;
        break;
      }
      if (last) return DataLoss("nothing behind it can be read: {}", reason_);
      failing = distance;
      step = distance + distance / 4 + 1;
    }
    while (step - failing > 1) {
      const KeyNumber middle = failing + (step - failing) / 2;
      FLAMEKEEP_ASSIGN_OR_RETURN(const bool readable, CanRead(begin + middle));
      (readable ? step : failing) = middle;
    }
    return KeyOf(begin + step);
  }

 private:
  absl::StatusOr<bool> CanRead(KeyNumber number) {
    const auto it = std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(Options(), family_));
    it->Seek(KeyOf(number));
    if (it->status().ok()) return true;
    if (!IsDamage(it->status())) return FromRocksDb(it->status(), "reading the store");
    reason_ = it->status().ToString();
    return false;
  }

  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const family_;
  std::string reason_;
};

}  // namespace

absl::StatusOr<std::vector<LostKeys>> ReadSalvageable(
    rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family,
    absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> visit) {
  std::vector<LostKeys> lost;
  std::string next;  // the smallest key that was not read yet
  while (true) {
    const auto it = std::unique_ptr<rocksdb::Iterator>(db->NewIterator(Options(), family));
    for (it->Seek(next); it->Valid(); it->Next()) {
      FLAMEKEEP_RETURN_IF_ERROR(visit(View(it->key()), View(it->value())));
      next.assign(it->key().data(), it->key().size());
      next.push_back('\0');
    }
    if (it->status().ok()) return lost;
    if (!IsDamage(it->status())) return FromRocksDb(it->status(), "reading the store");
    Salvager salvager(db, family);
    FLAMEKEEP_ASSIGN_OR_RETURN(std::string end, salvager.FindReadable(next));
    // Two damaged blocks side by side are one range.
    if (!lost.empty() && lost.back().end == next) {
      lost.back().end = end;
    } else {
      lost.push_back({next, end, it->status().ToString()});
    }
    next = std::move(end);
  }
}

}  // namespace flamekeep::storage
