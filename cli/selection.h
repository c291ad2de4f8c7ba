// A selector and a range of the command line, for the server.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_SELECTION_H_
#define FLAMEKEEP_CLI_SELECTION_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/options.h"
#include "flamekeep/v1/selection.pb.h"

namespace flamekeep::cli {

// With the frame filter. Errors: as those of the next.
absl::StatusOr<v1::Selection> SelectionOf(const SelectionOptions& options, absl::Time now);

// Whether a function is named.
inline bool IsSet(const FunctionOptions& options) { return !options.function.empty(); }
// Errors: INVALID_ARGUMENT where the file is named twice. REQUIRES: a function is named.
absl::Status SetFunctionMatcher(const FunctionOptions& options, v1::FunctionMatcher* function);
// Sets `function` of a request where one is named. Errors: likewise.
template <typename Request>
absl::Status SetFunction(const FunctionOptions& options, Request* request) {
  if (!IsSet(options)) return absl::OkStatus();
  return SetFunctionMatcher(options, request->mutable_function());
}

// Errors: INVALID_ARGUMENT for times that can not be understood, or a range that is empty or upside
// down.
absl::StatusOr<v1::Selection> SelectionOf(const std::string& selector, const std::string& from,
                                          const std::string& to, absl::Time now);

// "2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z"
std::string RangeText(const v1::TimeRange& range);
// What an answer is about: "1,234 samples in 2026-11-20T00:00Z to 2026-11-21T00:00Z"; of values
// that are not counts, their unit.
std::string WholeText(const v1::Coverage& coverage);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_SELECTION_H_
