#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "base/time_parse.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/counts_text.h"
#include "cli/exit_code.h"
#include "cli/import_file.h"
#include "cli/input.h"
#include "cli/label_parse.h"
#include "cli/line_gatherer.h"
#include "cli/progress.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

constexpr absl::Duration kSendWithin = absl::Seconds(1);  // of its coming
constexpr size_t kBatchBytes = size_t{1} << 20;
constexpr size_t kReadBytes = size_t{256} << 10;
// How long what was read is still sent after Ctrl-C or SIGTERM.
constexpr absl::Duration kGrace = absl::Seconds(10);

constexpr std::string_view kPushAgain =
    "what the server has acknowledged stays: run the same command again to go on";

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

bool IsRegularFile(const std::string& path) {
  struct stat info;
  return path != "-" && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

absl::StatusOr<v1::OpenSource> OpenOf(const PushOptions& options) {
  v1::OpenSource open;
  open.set_kind(v1::OpenSource::KIND_PUSH);
  open.set_site(options.site);
  FLAMEKEEP_RETURN_IF_ERROR(AddLabels(options.labels, &open));
  if (options.type.empty()) {
    if (!options.time.empty()) {
      return InvalidArgument("--time goes with --type: lines without --type have their own times");
    }
    open.set_format(v1::FORMAT_TIMED_FOLDED);
    return open;
  }
  open.set_format(v1::FORMAT_FOLDED);
  open.set_profile_type(options.type);
  if (options.time.empty()) return open;
  FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time time, ParseTime(options.time, absl::Now()));
  open.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  return open;
}

class Push {
 public:
  Push(const PushOptions& options, std::string address)
      : options_(options), progress_(Progress::StyleFor(stderr, options.quiet || options.follow)) {
    target_.channel = Connect(address);
    target_.address = std::move(address);
    target_.progress = &progress_;
    target_.client.cancelled = [this] { return IsCancelled(); };
    target_.client.on_outage = [this](const absl::Status& status) {
      Note(fmt::format("{}: trying again", Message(status)));
    };
    if (options.follow) {
      // Nobody watches: what it reads from waits in the pipe.
      target_.client.wait_for_server = true;
      target_.client.give_up_after = absl::InfiniteDuration();
    }
  }

  absl::Status File(const std::string& path, v1::OpenSource open);
  // Standard input or a named pipe.
  absl::Status Pipe(const std::string& path, v1::OpenSource open);
  absl::Status Outcome() const { return outcome_.status(); }

 private:
  // What was read is still sent after a signal, for a while.
  bool IsCancelled() {
    if (!StopRequested()) return false;
    if (stopped_ == absl::InfiniteFuture()) stopped_ = absl::Now();
    return !sending_ || absl::Now() > stopped_ + kGrace;
  }
  absl::Status SendLines(std::string lines, IngestClient& client);
  // Sends until the input ends or a signal asks to stop.
  absl::Status SendAsItComes(Input& input, IngestClient& client, LineGatherer* lines);
  void Say(std::string_view line) {
    if (!options_.quiet) progress_.Say(stdout, line);
  }
  void Note(std::string_view sentence) {
    if (!options_.quiet) progress_.Say(stderr, fmt::format("flamekeep: note: {}", sentence));
  }
  void Report(std::string_view name, std::string_view before, const v1::IngestCounts& counts,
              uint64_t bytes, absl::Time begin);

  const PushOptions& options_;
  Progress progress_;
  ImportTarget target_;
  bool sending_ = false;
  absl::Time stopped_ = absl::InfiniteFuture();
  uint64_t bytes_ = 0;  // of a pipe
  IngestOutcome outcome_;
};

void Push::Report(std::string_view name, std::string_view before, const v1::IngestCounts& counts,
                  uint64_t bytes, absl::Time begin) {
  Say(fmt::format("{}: {}{} ({} in {})", name, before, CountsText(counts), RoundedBytesText(bytes),
                  RoundedDurationText(absl::Now() - begin)));
  for (const std::string& text : RejectionTexts(counts)) Note(text);
  outcome_.Add(counts);
}

absl::Status Push::File(const std::string& path, v1::OpenSource open) {
  const absl::Time begin = absl::Now();
  const std::string absolute = std::filesystem::absolute(path).lexically_normal().string();
  open.set_source(
      fmt::format("{}:{}", options_.source.empty() ? HostName() : options_.source, absolute));
  FLAMEKEEP_ASSIGN_OR_RETURN(const FileResult result, PushFile(path, open, target_));
  target_.client.wait_for_server = true;
  switch (result.outcome) {
    case FileResult::Outcome::kUpToDate:
    case FileResult::Outcome::kOlderCopy:
      Say(fmt::format("{}: the server has all of it, nothing new", path));
      break;
    case FileResult::Outcome::kNothing:
      Say(fmt::format("{}: no complete line in it", path));
      break;
    case FileResult::Outcome::kImported:
      Report(path, result.resumed ? "continued: " : "", result.counts, result.bytes, begin);
      break;
  }
  if (result.left_out > 0) {
    Note(fmt::format(
        "the last line of {} has no newline yet and was left out ({}): push it again when it is "
        "finished",
        path, RoundedBytesText(result.left_out)));
  }
  return absl::OkStatus();
}

absl::Status Push::SendLines(std::string lines, IngestClient& client) {
  if (lines.empty()) return absl::OkStatus();
  bytes_ += lines.size();
  v1::IngestBatch batch;
  *batch.mutable_lines() = std::move(lines);
  return client.Send(std::move(batch));
}

absl::Status Push::SendAsItComes(Input& input, IngestClient& client, LineGatherer* lines) {
  std::string piece(kReadBytes, '\0');
  absl::Time due = absl::InfiniteFuture();  // when what has come is sent
  while (!StopRequested()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool ready, input.raw().WaitReadable(due - absl::Now()));
    if (ready) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, input.Read(piece.data(), piece.size()));
      if (n == 0) break;
      lines->Add({piece.data(), n});
      sending_ = true;
      due = std::min(due, absl::Now() + kSendWithin);
      if (lines->size() >= kBatchBytes) {
        FLAMEKEEP_RETURN_IF_ERROR(SendLines(lines->Take(), client));
      }
    }
    if (absl::Now() >= due) {
      FLAMEKEEP_RETURN_IF_ERROR(SendLines(lines->Take(), client));
      // gRPC works inside the client's methods only, and the input may stay silent for long.
      FLAMEKEEP_RETURN_IF_ERROR(client.Flush());
      due = absl::InfiniteFuture();
    }
    progress_.Update(input.raw().position());
  }
  return absl::OkStatus();
}

absl::Status Push::Pipe(const std::string& path, v1::OpenSource open) {
  const absl::Time begin = absl::Now();
  const std::string name = path == "-" ? "standard input" : path;
  open.set_source(options_.source.empty() ? HostName() : options_.source);
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::unique_ptr<IngestClient> client,
      IngestClient::Open(target_.channel, target_.address, open, target_.client));
  target_.client.wait_for_server = true;
  int keep_open = -1;  // a writer of our own: a named pipe then does not end with its last writer
  const auto close_it = absl::MakeCleanup([&keep_open] {
    if (keep_open >= 0) close(keep_open);
  });
  if (options_.follow && path != "-") {
    // On Linux this does not wait for somebody who writes.
    keep_open = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Input> input, Input::Open(path));
  input->ForgetStart();
  progress_.Begin(name, 0);
  LineGatherer lines;
  FLAMEKEEP_RETURN_IF_ERROR(SendAsItComes(*input, *client, &lines));
  FLAMEKEEP_RETURN_IF_ERROR(SendLines(lines.Take(), *client));
  std::string rest = lines.TakeRest();
  if (StopRequested()) {
    if (!rest.empty()) Note("the last line was not complete and was left out");
  } else {
    FLAMEKEEP_RETURN_IF_ERROR(SendLines(std::move(rest), *client));
  }
  FLAMEKEEP_RETURN_IF_ERROR(client->Flush());
  sending_ = false;
  progress_.End();
  Report(name, "", client->counts(), bytes_, begin);
  bytes_ = 0;
  return StopRequested() ? absl::CancelledError("interrupted") : absl::OkStatus();
}

}  // namespace

absl::Status RunPush(const PushOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::OpenSource open, OpenOf(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  std::vector<std::string> paths = options.files;
  if (paths.empty()) paths.emplace_back("-");
  for (const std::string& path : paths) {
    // A name that is mistyped is told before anything is done.
    if (path != "-" && access(path.c_str(), F_OK) != 0) {
      return NotFound("can not read {}: no such file", path);
    }
    if (options.follow && (paths.size() > 1 || IsRegularFile(path))) {
      return InvalidArgument("--follow reads standard input or one named pipe: {} is neither",
                             paths.size() > 1 ? "a list of files" : path);
    }
  }
  const StopInOrder stop_in_order;
  Push push(options, address);
  absl::Status status;
  for (const std::string& path : paths) {
    status = IsRegularFile(path) ? push.File(path, open) : push.Pipe(path, open);
    if (!status.ok()) break;
  }
  if (absl::IsCancelled(status) && StopRequested()) {
    return Interrupted(StopSignal(), kPushAgain);
  }
  return status.ok() ? push.Outcome() : status;
}

}  // namespace flamekeep::cli
