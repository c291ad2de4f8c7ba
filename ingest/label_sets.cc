#include "ingest/label_sets.h"

namespace flamekeep::ingest {

LabelSets::LabelSets(uint32_t max_sets) : max_sets_(max_sets) {
  const auto it = ids_.emplace(storage::Labels(), LabelSetId{0}).first;
  sets_.push_back(&it->first);
}

bool LabelSets::Intern(const storage::Labels& labels, LabelSetId* id) {
  absl::MutexLock lock(&mutex_);
  if (const auto it = ids_.find(labels); it != ids_.end()) {
    *id = it->second;
    return true;
  }
  if (sets_.size() >= max_sets_) {
    *id = LabelSetId{0};
    return false;
  }
  *id = LabelSetId{static_cast<uint32_t>(sets_.size())};
  const auto it = ids_.emplace(labels, *id).first;
  sets_.push_back(&it->first);
  return true;
}

const storage::Labels& LabelSets::Get(LabelSetId id) const {
  absl::MutexLock lock(&mutex_);
  return *sets_[static_cast<uint32_t>(id)];
}

}  // namespace flamekeep::ingest
