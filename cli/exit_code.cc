#include "cli/exit_code.h"

#include <fmt/format.h>

#include <csignal>

#include "absl/strings/cord.h"
#include "base/status.h"

namespace flamekeep::cli {
namespace {

constexpr char kPipeClosedUrl[] = "flamekeep.cli/pipe-closed";
constexpr char kInterruptedUrl[] = "flamekeep.cli/interrupted";
constexpr char kAboveLimitUrl[] = "flamekeep.cli/above-limit";
constexpr char kGaveUpUrl[] = "flamekeep.cli/gave-up";
constexpr char kTerminatedUrl[] = "flamekeep.cli/terminated";

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

absl::Status Interrupted(int signal, std::string_view what_to_do) {
  return WithMark(Error(absl::StatusCode::kCancelled, "interrupted{}{}",
                        what_to_do.empty() ? "" : ": ", what_to_do),
                  signal == SIGTERM ? kTerminatedUrl : kInterruptedUrl);
}

absl::Status AboveLimit(std::string_view sentence) {
  return WithMark(Error(absl::StatusCode::kOutOfRange, "{}", sentence), kAboveLimitUrl);
}

absl::Status GaveUp(std::string_view sentence) {
  return WithMark(DataLoss("{}", sentence), kGaveUpUrl);
}

ExitCode ExitWith(const absl::Status& status, std::FILE* err) {
  if (status.ok() || HasMark(status, kPipeClosedUrl)) return kExitOk;
  fmt::print(err, "flamekeep: {}\n", Message(status));
  if (HasMark(status, kInterruptedUrl)) return kExitInterrupted;
  if (HasMark(status, kTerminatedUrl)) return kExitTerminated;
  if (HasMark(status, kAboveLimitUrl)) return kExitFailAbove;
  if (HasMark(status, kGaveUpUrl)) return kExitGaveUp;
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailure;
}

}  // namespace flamekeep::cli
