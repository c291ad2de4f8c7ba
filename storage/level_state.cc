#include "storage/level_state.h"

#include "base/status.h"

namespace flamekeep::storage {

absl::Status LevelState::Load(std::string_view key, std::string_view value) {
  if (key[0] == static_cast<char>(MetaTag::kStale)) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const auto where, DecodeStaleKey(key));
    FLAMEKEEP_ASSIGN_OR_RETURN(const StaleMark mark, DecodeStaleMark(value));
    ChangeMarks({{{where.second, where.first}, mark}}, {});
    return absl::OkStatus();
  }
  const bool is_cap = key[0] == static_cast<char>(MetaTag::kCapped);
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto where,
                             DecodeFloorKey(key, is_cap ? MetaTag::kCapped : MetaTag::kFloor));
  uint32_t floor = 0;
  if (!GetFixed32(&value, &floor) || !value.empty()) return DataLoss("a floor is malformed");
  if (!is_cap) {
    SetFloor(where.first, where.second, floor);
    return absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  capped_[where.first][static_cast<size_t>(where.second)] = floor;
  return absl::OkStatus();
}

LevelState::Floors LevelState::floors(SiteId site) const {
  absl::MutexLock lock(&mutex_);
  const auto it = floors_.find(site);
  return it == floors_.end() ? Floors{} : it->second;
}

bool LevelState::HasFloors(SiteId site) const {
  absl::MutexLock lock(&mutex_);
  return floors_.contains(site);
}

void LevelState::SetFloor(SiteId site, Level level, Minute floor, bool capped) {
  absl::MutexLock lock(&mutex_);
  floors_.try_emplace(site).first->second[static_cast<size_t>(level)] = floor;
  if (capped) capped_[site][static_cast<size_t>(level)] = floor;
}

std::vector<LevelState::Capped> LevelState::capped() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Capped> found;
  for (const auto& [site, capped] : capped_) {
    const auto floors = floors_.find(site);
    if (floors == floors_.end()) continue;
    for (const Level level : kLevels) {
      const Minute floor = capped[static_cast<size_t>(level)];
      if (floor == 0 || floor != floors->second[static_cast<size_t>(level)]) continue;
      found.push_back({site, level, floor});
    }
  }
  return found;
}

std::optional<StaleMark> LevelState::mark(const MarkKey& key) const {
  absl::MutexLock lock(&mutex_);
  const auto it = marks_.find(key);
  if (it == marks_.end()) return std::nullopt;
  return it->second;
}

std::vector<std::pair<MarkKey, StaleMark>> LevelState::marks() const {
  absl::MutexLock lock(&mutex_);
  return {marks_.begin(), marks_.end()};
}

bool LevelState::HasMark(SiteId site, Level level, MinuteRange range) const {
  absl::MutexLock lock(&mutex_);
  for (auto it = marks_.lower_bound({{level, range.begin}, SiteId{0}});
       it != marks_.end() && it->first.bucket < Bucket{level, range.end}; ++it) {
    if (it->first.site == site) return true;
  }
  return false;
}

void LevelState::ChangeMarks(const std::vector<std::pair<MarkKey, StaleMark>>& set,
                             const std::vector<MarkKey>& cleared) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, mark] : set) marks_[key] = mark;
  for (const MarkKey& key : cleared) marks_.erase(key);
}

std::optional<Level> FinestKept(const LevelState::Floors& floors, Level resolution, Minute minute) {
  for (const Level level : kLevels) {
    if (level < resolution) continue;
    if (floors[static_cast<size_t>(level)] <= BucketAt(level, minute).start) return level;
  }
  return std::nullopt;
}

}  // namespace flamekeep::storage
