#include "ingest/profile_name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status.h"

namespace flamekeep::ingest {
namespace {

// By a type's display name, itself, or the period's type.
constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kKnownNames = {{
    {"cpu", "process_cpu"},
    {"space", "memory"},
    {"inuse_space", "memory"},
    {"inuse_objects", "memory"},
    {"alloc_space", "memory"},
    {"alloc_objects", "memory"},
    {"alloc_in_new_tlab_bytes", "memory"},
    {"alloc_in_new_tlab_objects", "memory"},
    {"goroutine", "goroutine"},
    {"goroutines", "goroutines"},
    {"mutex_count", "mutex"},
    {"mutex_duration", "mutex"},
    {"block_count", "block"},
    {"block_duration", "block"},
    {"contentions", "contention"},
    {"delay", "contention"},
    {"lock_count", "contention"},
    {"lock_duration", "contention"},
    {"exception", "exceptions"},
}};

std::string_view KnownName(std::string_view type) {
  const auto* const it = std::find_if(kKnownNames.begin(), kKnownNames.end(),
                                      [type](const auto& known) { return known.first == type; });
  return it == kKnownNames.end() ? std::string_view() : it->second;
}

std::string PartOf(std::string_view text) {
  std::string part(text.substr(0, storage::kMaxProfileTypePart));
  for (char& c : part) {
    constexpr std::string_view kOther = "_.-/%";
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        kOther.find(c) == std::string_view::npos) {
      c = '_';
    }
  }
  return part;
}

// A name by what is counted: a part but for its first character and '/' and '%'.
std::string NameByKind(const ProfileKind& kind) {
  for (const std::string_view type : {kind.display_name, kind.type, kind.period_type}) {
    if (const std::string_view name = KnownName(type); !name.empty()) return std::string(name);
  }
  std::string name = PartOf(kind.period_type.empty() ? kind.type : kind.period_type);
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), '%', '_');
  if (name.empty()) return "profile";
  if (!absl::ascii_isalpha(static_cast<unsigned char>(name[0]))) name[0] = '_';
  return name;
}

}  // namespace

absl::StatusOr<storage::ProfileType> TypeOfProfile(std::string_view name, const ProfileKind& kind) {
  if (name.find(':') != std::string_view::npos) return storage::ParseProfileType(name);
  storage::ProfileType type;
  if (name.empty()) {
    type.name = NameByKind(kind);
  } else {
    FLAMEKEEP_ASSIGN_OR_RETURN(type, storage::ParseProfileType(name));
  }
  type.type = kind.type.empty() ? "samples" : PartOf(kind.type);
  type.unit = kind.unit.empty() ? "count" : PartOf(kind.unit);
  type.period_type = PartOf(kind.period_type);
  type.period_unit = PartOf(kind.period_unit);
  return type;
}

}  // namespace flamekeep::ingest
