#include "cli/exit_code.h"

#include <fmt/format.h>

#include "absl/strings/cord.h"
#include "base/status.h"

namespace flamekeep::cli {
namespace {

constexpr char kPipeClosedUrl[] = "flamekeep.cli/pipe-closed";
constexpr char kInterruptedUrl[] = "flamekeep.cli/interrupted";

absl::Status WithMark(absl::Status status, const char* url) {
  status.SetPayload(url, absl::Cord());
  return status;
}

bool HasMark(const absl::Status& status, const char* url) {
  return status.GetPayload(url).has_value();
}

}  // namespace

absl::Status PipeClosed() {
  return WithMark(absl::CancelledError("the reader of the output has gone"), kPipeClosedUrl);
}

absl::Status Interrupted(std::string_view what_to_do) {
  return WithMark(Error(absl::StatusCode::kCancelled, "interrupted{}{}",
                        what_to_do.empty() ? "" : ": ", what_to_do),
                  kInterruptedUrl);
}

ExitCode ExitWith(const absl::Status& status, std::FILE* err) {
  if (status.ok() || HasMark(status, kPipeClosedUrl)) return kExitOk;
  fmt::print(err, "flamekeep: {}\n", Message(status));
  if (HasMark(status, kInterruptedUrl)) return kExitInterrupted;
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailure;
}

}  // namespace flamekeep::cli
