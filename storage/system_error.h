// What the operating system refused, as a status.
//
// Thread safety: a function of its arguments and errno.
#ifndef FLAMEKEEP_STORAGE_SYSTEM_ERROR_H_
#define FLAMEKEEP_STORAGE_SYSTEM_ERROR_H_

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "base/status.h"

namespace flamekeep::storage {

// `can not {what} {path}: {reason}` for the call that has just set errno: NOT_FOUND where the file
// is not there, else UNAVAILABLE.
inline absl::Status SystemError(std::string_view what, const std::string& path) {
  const int error = errno;
  const absl::StatusCode code =
      error == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable;
  return Error(code, "can not {} {}: {}", what, path, std::generic_category().message(error));
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_SYSTEM_ERROR_H_
