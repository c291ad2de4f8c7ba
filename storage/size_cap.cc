#include "storage/size_cap.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/status.h"
#include "storage/format.h"
#include "storage/store_stats.h"

namespace flamekeep::storage {
namespace {

// Where the size is over the cap it goes down by this part of the cap more, so that floors move
// now and then and files that hold other columns are not written again for every few bytes.
constexpr uint64_t kSlack = 64;

}  // namespace

SizeCap::SizeCap(Parts parts) : parts_(parts) {
  for (size_t i = 0; i < expired_.size(); ++i) {
    expired_[i] = &parts_.metrics->GetCounter(
        "storage_cap_expired_buckets_total", Severity::kInfo,
        "Buckets of a level that were given up because the store is larger than max_bytes.",
        {{"level", std::string(LevelName(kLevels[i]))}});
  }
  absl::MutexLock lock(&mutex_);
  told_.max_bytes = parts_.options->max_bytes;
}

CapStatus SizeCap::status() const {
  CapStatus status;
  {
    absl::MutexLock lock(&mutex_);
    status = told_;
  }
  const std::vector<std::string> sites = parts_.catalog->sites();
  for (const LevelState::Capped& capped : parts_.levels->capped()) {
    if (Raw(capped.site) >= sites.size()) continue;
    status.removed.push_back({sites[Raw(capped.site)], capped.level, TimeOf(capped.floor)});
  }
  return status;
}

absl::StatusOr<SizeCap::Size> SizeCap::Measure() const {
  Size size;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  size.live = StoreBytes(*database, *parts_.dictionary);
  for (size_t i = 0; i < parts_.catalog->sites().size(); ++i) {
    for (const Level level : kLevels) {
      FLAMEKEEP_ASSIGN_OR_RETURN(
          const uint64_t bytes,
          parts_.expiry->BytesToFree(SiteId{static_cast<uint16_t>(i)}, level));
      size.leaving += bytes;
    }
  }
  return size;
}

absl::Status SizeCap::FreeAll() {
  for (size_t i = 0; i < parts_.catalog->sites().size(); ++i) {
    for (const Level level : kLevels) {
      FLAMEKEEP_RETURN_IF_ERROR(
          parts_.expiry->Free(SiteId{static_cast<uint16_t>(i)}, level, /*all=*/true));
    }
  }
  return absl::OkStatus();
}

void SizeCap::SetStatus(const Size& size) {
  const uint64_t cap = parts_.options->max_bytes;
  const uint64_t unmet = size.staying() > cap ? size.staying() - cap : 0;
  if (unmet > 0 && !unmet_said_) {
    spdlog::error(
        "the store has {} bytes, max_bytes is {}, and nothing more may be given up: raise "
        "max_bytes, or keep less with `retention`",
        size.staying(), cap);
  }
  unmet_said_ = unmet > 0;
  absl::MutexLock lock(&mutex_);
  told_.live_bytes = size.live;
  told_.leaving_bytes = size.leaving;
  told_.unmet_bytes = unmet;
}

absl::Status SizeCap::Run(absl::Time now) {
  const uint64_t cap = parts_.options->max_bytes;
  if (cap == 0) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(Size size, Measure());
  if (size.live > cap && size.leaving > 0) {
    FLAMEKEEP_RETURN_IF_ERROR(FreeAll());
    FLAMEKEEP_ASSIGN_OR_RETURN(size, Measure());
  }
  bool flushed = false;
  for (const Level level : {Level::kMinute, Level::kHour}) {
    if (size.staying() <= cap) break;
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<Part> parts, PartsOf(level, now));
    if (parts.empty()) continue;
    if (!flushed) {
      // The log is larger than what becomes of it: nothing is to go for the log's sake.
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
      if (database->read_only()) return absl::OkStatus();
      FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(
          database->db()->Flush(rocksdb::FlushOptions(), database->all()), "flushing the store"));
      flushed = true;
      FLAMEKEEP_ASSIGN_OR_RETURN(size, Measure());
      if (size.staying() <= cap) break;
    }
    FLAMEKEEP_RETURN_IF_ERROR(GiveUp(level, parts, size.staying() - (cap - cap / kSlack)));
    FLAMEKEEP_RETURN_IF_ERROR(FreeAll());
    FLAMEKEEP_ASSIGN_OR_RETURN(size, Measure());
  }
  SetStatus(size);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SizeCap::Part>> SizeCap::PartsOf(Level level, absl::Time now) const {
  std::vector<Part> parts;
  const std::optional<Minute> recent = MinuteOf(now - kCapKeeps[static_cast<size_t>(level)]);
  if (!recent.has_value()) return parts;
  const Minute wanted = BucketAt(Coarser(level), *recent).start;
  for (size_t i = 0; i < parts_.catalog->sites().size(); ++i) {
    const SiteId site{static_cast<uint16_t>(i)};
    const LevelState::Floors floors = parts_.levels->floors(site);
    // No level may end before a finer one.
    const Minute finest =
        level == Level::kMinute
            ? wanted
            : std::min(wanted,
                       BucketAt(Coarser(level), floors[static_cast<size_t>(Finer(level))]).start);
    const std::optional<Minute> limit = parts_.expiry->Reachable(site, level, finest);
    if (!limit.has_value()) continue;
    const Part part{site, floors[static_cast<size_t>(level)], *limit};
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t bytes, BytesBelow(level, part, *limit));
    if (bytes > 0) parts.push_back(part);
  }
  return parts;
}

absl::StatusOr<uint64_t> SizeCap::BytesBelow(Level level, const Part& part, Minute end) const {
  end = std::min(end, part.limit);
  if (end <= part.floor) return 0;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
  return database->BytesBetween(level, BucketPrefix(part.site, part.floor),
                                BucketPrefix(part.site, end));
}

absl::StatusOr<uint64_t> SizeCap::BytesBelow(Level level, const std::vector<Part>& parts,
                                             Minute end) const {
  uint64_t sum = 0;
  for (const Part& part : parts) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t bytes, BytesBelow(level, part, end));
    sum += bytes;
  }
  return sum;
}

absl::Status SizeCap::GiveUp(Level level, const std::vector<Part>& parts, uint64_t bytes) {
  Minute low = UINT32_MAX;  // the lowest floor
  Minute high = 0;          // where all goes that may
  for (const Part& part : parts) {
    low = std::min(low, part.floor);
    high = std::max(high, part.limit);
  }
  // The lowest floor for all sites under which there are enough bytes.
  while (low < high) {
    const Minute middle = low + (high - low) / 2;
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t below, BytesBelow(level, parts, middle));
    if (below >= bytes) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const Bucket last = BucketAt(Coarser(level), high);
  const Minute wanted = last.start == high ? high : last.end();
  for (const Part& part : parts) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t below, BytesBelow(level, part, wanted));
    if (below > 0) FLAMEKEEP_RETURN_IF_ERROR(Raise(level, part, std::min(wanted, part.limit)));
  }
  return absl::OkStatus();
}

absl::Status SizeCap::Raise(Level level, const Part& part, Minute wanted) {
  std::optional<Minute> first;
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, parts_.database->Get());
    FLAMEKEEP_ASSIGN_OR_RETURN(first,
                               database->FirstBucket(part.site, level, {part.floor, wanted}));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool raised,
                             parts_.expiry->Raise(part.site, level, wanted, /*capped=*/true));
  if (!raised) return absl::OkStatus();
  const Minute floor = parts_.levels->floors(part.site)[static_cast<size_t>(level)];
  // Only what is not in files yet may be found to have no column.
  const Minute from = std::min(first.value_or(part.floor), floor);
  expired_[static_cast<size_t>(level)]->Add((floor - from) / BucketAt(level, 0).end());
  spdlog::warn("max_bytes: {}s of site {} from {} to {} are given up, the coarser levels stay",
               LevelName(level), parts_.catalog->sites()[Raw(part.site)], FormatMinute(from),
               FormatMinute(floor));
  return absl::OkStatus();
}

}  // namespace flamekeep::storage
