// speedscope's JSON -> stacks. All profiles of a file are taken together; they have one unit.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_CLI_SPEEDSCOPE_H_
#define FLAMEKEEP_CLI_SPEEDSCOPE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingest/perf_script.h"
#include "ingest/profile_name.h"

namespace flamekeep::cli {

// Times become nanoseconds. Weights of less than a half of one are nothing.
using UseSpeedscope = absl::FunctionRef<absl::Status(
    const ingest::ProfileKind& kind, const std::vector<ingest::FileFrame>& frames, uint64_t value)>;

// Calls `use` with each sample, frames root first. Errors: INVALID_ARGUMENT where the text is no
// such file, and those of `use`.
absl::Status ReadSpeedscope(std::string_view json, UseSpeedscope use);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_SPEEDSCOPE_H_
