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
  FLAMEKEEP_ASSIGN_OR_RETURN(const auto where, DecodeFloorKey(key));
  uint32_t floor = 0;
  if (!GetFixed32(&value, &floor) || !value.empty()) return DataLoss("a floor is malformed");
  SetFloor(where.first, where.second, floor);
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

void LevelState::SetFloor(SiteId site, Level level, Minute floor) {
  absl::MutexLock lock(&mutex_);
  floors_.try_emplace(site).first->second[static_cast<size_t>(level)] = floor;
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
