// Building and passing on errors.
//
// Every error that a user can meet is one sentence that names the thing, the reason and what to do.
// Abseil's error factories do not take a std::string_view on this platform, so messages are
// formatted with fmt here:
//
//   return Error(absl::StatusCode::kNotFound, "no site \"{}\" in this store: see `flamekeep
//   status`",
//                name);
#ifndef FLAMEKEEP_BASE_STATUS_H_
#define FLAMEKEEP_BASE_STATUS_H_

#include <fmt/format.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep {

template <typename... Args>
absl::Status Error(absl::StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return absl::Status(code, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
absl::Status InvalidArgument(fmt::format_string<Args...> format, Args&&... args) {
  return Error(absl::StatusCode::kInvalidArgument, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status NotFound(fmt::format_string<Args...> format, Args&&... args) {
  return Error(absl::StatusCode::kNotFound, format, std::forward<Args>(args)...);
}

template <typename... Args>
absl::Status DataLoss(fmt::format_string<Args...> format, Args&&... args) {
  return Error(absl::StatusCode::kDataLoss, format, std::forward<Args>(args)...);
}

inline std::string Message(const absl::Status& status) { return std::string(status.message()); }

}  // namespace flamekeep

// Returns the status of `expression` from the enclosing function unless it is OK.
#define FLAMEKEEP_RETURN_IF_ERROR(expression)                               \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// Binds `declaration` to the value of a StatusOr, or returns its error.
#define FLAMEKEEP_ASSIGN_OR_RETURN(declaration, expression) \
  FLAMEKEEP_ASSIGN_OR_RETURN_IMPL_(FLAMEKEEP_CONCAT_(status_or_, __LINE__), declaration, expression)
#define FLAMEKEEP_ASSIGN_OR_RETURN_IMPL_(name, declaration, expression) \
  auto name = (expression);                                             \
  if (!name.ok()) return std::move(name).status();                      \
  declaration = *std::move(name)
#define FLAMEKEEP_CONCAT_(a, b) FLAMEKEEP_CONCAT_INNER_(a, b)
#define FLAMEKEEP_CONCAT_INNER_(a, b) a##b

#endif  // FLAMEKEEP_BASE_STATUS_H_
