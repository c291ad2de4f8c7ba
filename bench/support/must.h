// Errors end a benchmark: there is nobody to hand them to.
#ifndef FLAMEKEEP_BENCH_SUPPORT_MUST_H_
#define FLAMEKEEP_BENCH_SUPPORT_MUST_H_

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep::bench {

inline void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing else exits
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_MUST_H_
