// The integer ids that stand for names inside one store. Ids are local: they never leave the store,
// and no answer is ordered by them.
#ifndef FLAMEKEEP_STORAGE_IDS_H_
#define FLAMEKEEP_STORAGE_IDS_H_

#include <cstdint>
#include <type_traits>

namespace flamekeep::storage {

// Dense, in order of first sight. Stack 0 is the root (the empty path); a parent's id is always
// smaller than its child's. Frame 0 is the root's frame: an empty function name.
enum class FrameId : uint32_t {};
enum class StackId : uint32_t {};
enum class SeriesId : uint32_t {};
enum class SiteId : uint16_t {};

// A source and the node that read it. Source 0 stands for "all sources": the rolled parts.
enum class SourceId : uint32_t {};

inline constexpr StackId kRootStack{0};
inline constexpr FrameId kRootFrame{0};
inline constexpr SourceId kAllSources{0};

template <typename Id>
constexpr std::underlying_type_t<Id> Raw(Id id) {
  return static_cast<std::underlying_type_t<Id>>(id);
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_IDS_H_
