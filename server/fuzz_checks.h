// What fuzzers of URLs check.
#ifndef FLAMEKEEP_SERVER_FUZZ_CHECKS_H_
#define FLAMEKEEP_SERVER_FUZZ_CHECKS_H_

#include <cstdlib>
#include <string_view>

namespace flamekeep::server {

inline void Check(bool holds) {
  if (!holds) std::abort();
}

// Whether a file may have this name, in a header and on a disk.
inline bool IsHarmless(std::string_view name) {
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "._-") == std::string_view::npos;
}

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_FUZZ_CHECKS_H_
