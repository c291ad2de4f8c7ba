#include "query/frame_flags_cache.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::query {
namespace {

constexpr uint32_t kFramesBetweenChecks = 4096;

}  // namespace

absl::StatusOr<FrameFlagsCache::Flags> FrameFlagsCache::Get(const FrameFilter& filter,
                                                            uint32_t frame_count, FrameNames names,
                                                            const Context& context) {
  const std::string key = FilterName(filter);
  Flags known;
  {
    absl::MutexLock lock(&mutex_);
    const auto it = std::find_if(entries_.begin(), entries_.end(),
                                 [&](const Entry& entry) { return entry.key == key; });
    if (it != entries_.end()) {
      known = it->flags;
      entries_.splice(entries_.begin(), entries_, it);
    }
  }
  if (known != nullptr && known->size() >= frame_count) return known;
  FLAMEKEEP_ASSIGN_OR_RETURN(const CompiledFilter compiled, CompiledFilter::Compile(filter));
  auto flags = std::make_shared<std::vector<FrameFlags>>();
  if (known != nullptr) *flags = *known;
  flags->reserve(frame_count);
  for (auto id = static_cast<uint32_t>(flags->size()); id < frame_count; ++id) {
    if (id % kFramesBetweenChecks == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    flags->push_back(compiled.Flags(names(storage::FrameId{id})));
  }
  absl::MutexLock lock(&mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
  entries_.push_front({key, flags});
  if (entries_.size() > kMaxEntries) entries_.pop_back();
  return flags;
}

}  // namespace flamekeep::query
