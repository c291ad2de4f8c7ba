// Profile types of foreign profiles: how what they say becomes five parts.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_INGEST_PROFILE_NAME_H_
#define FLAMEKEEP_INGEST_PROFILE_NAME_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/profile_type.h"

namespace flamekeep::ingest {

// What a profile says of one of its values.
struct ProfileKind {
  std::string_view type;  // "cpu", "inuse_space"
  std::string_view unit;  // "nanoseconds"
  std::string_view period_type;
  std::string_view period_unit;
  // What the sender calls the type, "mutex_count"; may be empty. It can tell the profile's name
  // where the type can not; the type stays as it is.
  std::string_view display_name = {};
};

// `name` as a profile type's name, or as one whole where it has five parts; empty: the name that
// Pyroscope and its clients give to such a profile, such as "process_cpu" or "memory". Characters
// that no part may have become "_". Errors: INVALID_ARGUMENT for a name that is none.
absl::StatusOr<storage::ProfileType> TypeOfProfile(std::string_view name, const ProfileKind& kind);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PROFILE_NAME_H_
