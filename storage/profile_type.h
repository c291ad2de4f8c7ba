// The five-part id that says what a profile counts, as Pyroscope and pprof write it:
//
//   name:type:unit:period_type:period_unit      process_cpu:cpu:nanoseconds:cpu:nanoseconds
//
// A bare name is short for name:samples:count:: and may stand wherever a type is asked for.
//
// Thread safety: values.
#ifndef FLAMEKEEP_STORAGE_PROFILE_TYPE_H_
#define FLAMEKEEP_STORAGE_PROFILE_TYPE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace flamekeep::storage {

inline constexpr size_t kMaxProfileTypePart = 128;  // bytes

struct ProfileType {
  std::string name;  // matches [A-Za-z_][A-Za-z0-9_.-]*
  std::string type = "samples";
  std::string unit = "count";
  std::string period_type;  // may be empty, as may period_unit
  std::string period_unit;

  // All five parts, the form that is stored: "excimer-wall:samples:count::".
  std::string Id() const;
  // The bare name where it says as much as Id(), else Id().
  std::string ShortName() const;

  bool operator==(const ProfileType&) const = default;
};

// Parses a bare name or five parts. Parts behind the name are made of letters, digits and "_.-/%".
// Errors: INVALID_ARGUMENT names the text and the rule that it breaks.
absl::StatusOr<ProfileType> ParseProfileType(std::string_view text);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_PROFILE_TYPE_H_
