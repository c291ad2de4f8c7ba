// Drops columns below the floors of their levels while files are compacted. (Range tombstones would
// do the same, but cost every reader; and a compaction that meets them and a failing disk ends the
// process where RocksDB is built with its assertions, as Debian's is.)
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_STORAGE_EXPIRED_FILTER_H_
#define FLAMEKEEP_STORAGE_EXPIRED_FILTER_H_

#include <rocksdb/compaction_filter.h>

#include <array>
#include <atomic>
#include <memory>
#include <string_view>

#include "storage/bucket.h"
#include "storage/catalog.h"
#include "storage/ids.h"

namespace flamekeep::storage {

// Up to where each level of each site may be deleted: the floors, as far as no snapshot needs what
// lies below them.
class DeletableFloors {
 public:
  Minute Get(SiteId site, Level level) const { return Place(site, level).load(); }
  void Set(SiteId site, Level level, Minute floor) { Place(site, level).store(floor); }

 private:
  using Floor = std::atomic<Minute>;
  const Floor& Place(SiteId site, Level level) const {
    return floors_[static_cast<size_t>(level)][Raw(site)];
  }
  Floor& Place(SiteId site, Level level) { return floors_[static_cast<size_t>(level)][Raw(site)]; }

  std::array<std::array<Floor, kMaxSites>, kLevelCount> floors_{};
};

// Of one level's column family.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeExpiredFilter(
    Level level, std::shared_ptr<const DeletableFloors> floors);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_EXPIRED_FILTER_H_
