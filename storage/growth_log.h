// The dictionary's size, once a day: what its growth is measured by, as its ids have no times.
//
// Thread safety: RunDue() one thread at a time (the maintenance thread); functions any.
#ifndef FLAMEKEEP_STORAGE_GROWTH_LOG_H_
#define FLAMEKEEP_STORAGE_GROWTH_LOG_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/committer.h"
#include "storage/database.h"
#include "storage/dictionary.h"
#include "storage/flush.h"
#include "storage/format.h"

namespace flamekeep::storage {

// Records are kept for so many days.
inline constexpr uint32_t kGrowthDays = 400;

class GrowthLog {
 public:
  struct Parts {  // not owned
    DatabaseHolder* database;
    Committer* committer;
    Flusher* flusher;
    Dictionary* dictionary;
  };

  explicit GrowthLog(Parts parts) : parts_(parts) {}

  // Records the size if that was not done on this day (UTC).
  absl::Status RunDue(absl::Time now);

 private:
  const Parts parts_;
  uint32_t last_day_ = 0;
};

// The dictionary's size now.
DictionaryRecord MeasureDictionary(const Database& database, const Dictionary& dictionary,
                                   absl::Time now);

// What was recorded, oldest first. Errors: DATA_LOSS.
absl::StatusOr<std::vector<DictionaryRecord>> ReadGrowthLog(const Database& database);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_GROWTH_LOG_H_
