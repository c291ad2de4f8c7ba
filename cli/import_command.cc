#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/time_parse.h"
#include "cli/arclamp_plan.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/counts_text.h"
#include "cli/exit_code.h"
#include "cli/import_arclamp.h"
#include "cli/import_file.h"
#include "cli/label_parse.h"
#include "cli/progress.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

constexpr std::string_view kRunAgain =
    "what the server has acknowledged stays: run the same command again to go on";

v1::Level LevelOf(const std::string& name) {
  static const std::map<std::string, v1::Level> kLevels = {{"minute", v1::LEVEL_MINUTE},
                                                           {"hour", v1::LEVEL_HOUR},
                                                           {"day", v1::LEVEL_DAY},
                                                           {"month", v1::LEVEL_MONTH},
                                                           {"year", v1::LEVEL_YEAR}};
  return kLevels.at(name);
}

// What can not be meant.
absl::Status CheckOptions(const ImportOptions& options) {
  const bool is_arclamp = !options.arclamp.empty();
  if (options.files.empty() && !is_arclamp) {
    return InvalidArgument(
        "nothing to import: name files, - for standard input, or a directory with --arclamp");
  }
  if (!options.files.empty() && is_arclamp) {
    return InvalidArgument(
        "files and --arclamp do not go together: import them one after the other");
  }
  if (is_arclamp && !options.time.empty()) {
    return InvalidArgument("--time does not go with --arclamp: the logs' names have their times");
  }
  if (!is_arclamp && !options.until.empty()) {
    return InvalidArgument("--until goes with --arclamp only");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::OpenSource> OpenOf(const ImportOptions& options) {
  v1::OpenSource open;
  open.set_site(options.site);
  open.set_amend(options.amend);
  FLAMEKEEP_RETURN_IF_ERROR(AddLabels(options.labels, &open));
  if (options.arclamp.empty()) open.set_profile_type(options.type);
  if (options.time.empty()) return open;
  FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time time, ParseTime(options.time, absl::Now()));
  open.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  open.set_resolution(LevelOf(options.resolution));
  return open;
}

std::string ResultText(const FileResult& result, absl::Duration took) {
  switch (result.outcome) {
    case FileResult::Outcome::kUpToDate:
      return "already imported, nothing new";
    case FileResult::Outcome::kOlderCopy:
      return "an older, shorter copy of what was imported already, nothing new";
    case FileResult::Outcome::kNothing:
      return "no complete line in it";
    case FileResult::Outcome::kImported:
      break;
  }
  return fmt::format("{}{} ({} in {})", result.resumed ? "continued: " : "",
                     CountsText(result.counts), RoundedBytesText(result.bytes),
                     RoundedDurationText(took));
}

// What differs between a run on a terminal and a quiet one is what they say.
class Import {
 public:
  Import(const ImportOptions& options, std::string address)
      : options_(options), progress_(Progress::StyleFor(stderr, options.quiet)) {
    target_.channel = Connect(address);
    target_.address = std::move(address);
    target_.progress = &progress_;
    target_.client.cancelled = StopRequested;
    target_.client.on_outage = [this](const absl::Status& status) {
      Note(fmt::format("{}: trying again", Message(status)));
    };
  }

  absl::Status Files(const v1::OpenSource& open);
  absl::Status ArcLamp(const v1::OpenSource& open);

 private:
  void Say(std::string_view line) {
    if (!options_.quiet) progress_.Say(stdout, line);
  }
  void Note(std::string_view sentence) {
    if (!options_.quiet) progress_.Say(stderr, fmt::format("flamekeep: note: {}", sentence));
  }

  const ImportOptions& options_;
  Progress progress_;
  ImportTarget target_;
};

absl::Status Import::Files(const v1::OpenSource& open) {
  // A name that is mistyped is told before anything is done.
  for (const std::string& path : options_.files) {
    struct stat info;
    if (path != "-" && stat(path.c_str(), &info) != 0) {
      return NotFound("can not read {}: no such file", path);
    }
  }
  IngestOutcome outcome;
  for (const std::string& path : options_.files) {
    const absl::Time begin = absl::Now();
    FLAMEKEEP_ASSIGN_OR_RETURN(const FileResult result,
                               ImportFile(path, {open, options_.complete}, target_));
    // From now on the server is known to be there: it may restart.
    target_.client.wait_for_server = true;
    const std::string name = path == "-" ? "standard input" : path;
    Say(fmt::format("{}: {}", name, ResultText(result, absl::Now() - begin)));
    for (const std::string& text : RejectionTexts(result.counts)) Note(text);
    outcome.Add(result.counts);
    if (result.left_out > 0) {
      Note(fmt::format(
          "the last line of {} has no newline yet and was left out ({}): import it again "
          "when it is finished, or with --complete",
          name, RoundedBytesText(result.left_out)));
    }
  }
  return outcome.status();
}

absl::Status Import::ArcLamp(const v1::OpenSource& open) {
  absl::Time until = absl::InfiniteFuture();
  if (!options_.until.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(until, ParseTime(options_.until, absl::Now()));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<LogFile> logs, ListArcLampLogs(options_.arclamp));
  FLAMEKEEP_ASSIGN_OR_RETURN(const ArcLampPlan plan, PlanArcLamp(logs, options_.type, until));
  const absl::Time begin = absl::Now();
  FLAMEKEEP_ASSIGN_OR_RETURN(const ArcLampResult result, ImportArcLamp(plan, open, target_));

  Say(fmt::format("imported {} hours and {} days of {} logs: {} in {}", CountText(result.hours),
                  CountText(result.days), CountText(result.files), CountsText(result.counts),
                  RoundedDurationText(absl::Now() - begin)));
  const auto say_some = [this](uint64_t count, std::string_view what) {
    if (count > 0) Say(fmt::format("  {} {}", CountText(count), what));
  };
  for (const std::string& text : RejectionTexts(result.counts)) Note(text);
  say_some(result.unchanged, "hours and days were imported before and have not changed");
  say_some(result.covered, "daily logs add nothing to their 24 hourly ones");
  say_some(result.empty, "logs are empty");
  for (const auto& [reason, paths] : plan.skipped) {
    say_some(paths.size(), fmt::format("logs {}", SkipText(reason)));
  }
  for (const std::string& problem : result.problems) {
    progress_.Say(stderr, fmt::format("flamekeep: {}", problem));
  }
  if (result.problems.empty()) return absl::OkStatus();
  return DataLoss("{} of the hours and days in {} could not be imported: see above",
                  result.problems.size(), options_.arclamp);
}

}  // namespace

absl::Status RunImport(const ImportOptions& options) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckOptions(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::OpenSource open, OpenOf(options));
  const StopInOrder stop_in_order;
  Import import(options, address);
  absl::Status status = options.arclamp.empty() ? import.Files(open) : import.ArcLamp(open);
  if (absl::IsCancelled(status) && StopRequested()) {
    return Interrupted(StopSignal(), kRunAgain);
  }
  return status;
}

}  // namespace flamekeep::cli
