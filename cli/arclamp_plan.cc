#include "cli/arclamp_plan.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status.h"

namespace flamekeep::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kSuffixes = {".log", ".log.gz", ".log.zst"};
constexpr std::string_view kAll = "all";
constexpr int kHoursPerDay = 24;

bool IsWordChar(char c) {
  return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsTag(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsWordChar);
}

// As the name of a profile type.
bool IsChannel(std::string_view text) {
  return !text.empty() && !absl::ascii_isdigit(text.front()) && IsWordChar(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsWordChar(c) || c == '.' || c == '-'; });
}

// A number of exactly `digits` digits at the front.
std::optional<int> TakeNumber(std::string_view* text, size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!absl::ascii_isdigit((*text)[i])) return std::nullopt;
    number = number * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(digits);
  return number;
}

bool TakeChar(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

// One log, of one tag.
struct Candidate {
  const LogFile* file;
  int compression;
  bool operator<(const Candidate& other) const {
    return std::tie(compression, file->path) < std::tie(other.compression, other.file->path);
  }
};
using Tags = std::map<std::string, std::vector<Candidate>>;

// Takes the logs that count out of what there is for one hour or day.
ArcLampUnit ChooseFiles(Tags tags, ArcLampPlan* plan) {
  ArcLampUnit unit;
  for (auto& [tag, candidates] : tags) {
    std::sort(candidates.begin(), candidates.end());
    for (size_t i = 1; i < candidates.size(); ++i) {
      plan->skipped[SkipReason::kTwin].push_back(candidates[i].file->path);
    }
  }
  unit.from_all = tags.count(std::string(kAll)) > 0;
  for (const auto& [tag, candidates] : tags) {
    const LogFile& file = *candidates.front().file;
    if (unit.from_all && tag != kAll) {
      plan->skipped[SkipReason::kTagLog].push_back(file.path);
    } else {
      unit.files.push_back(file);
    }
  }
  std::sort(unit.files.begin(), unit.files.end(),
            [](const LogFile& a, const LogFile& b) { return a.path < b.path; });
  return unit;
}

}  // namespace

std::optional<ArcLampName> ParseArcLampName(std::string_view name) {
  ArcLampName parsed;
  const auto suffix = std::find_if(kSuffixes.begin(), kSuffixes.end(),
                                   [&](std::string_view s) { return name.ends_with(s); });
  if (suffix == kSuffixes.end()) return std::nullopt;
  parsed.compression = static_cast<int>(suffix - kSuffixes.begin());
  name.remove_suffix(suffix->size());

  const std::optional<int> year = TakeNumber(&name, 4);
  if (!year || !TakeChar(&name, '-')) return std::nullopt;
  const std::optional<int> month = TakeNumber(&name, 2);
  if (!month || !TakeChar(&name, '-')) return std::nullopt;
  const std::optional<int> day = TakeNumber(&name, 2);
  if (!day) return std::nullopt;
  std::optional<int> hour = 0;
  parsed.is_daily = !TakeChar(&name, '_');
  if (!parsed.is_daily) hour = TakeNumber(&name, 2);
  if (!hour || !TakeChar(&name, '.')) return std::nullopt;
  parsed.hour = absl::CivilHour(*year, *month, *day, *hour);
  // Civil times are normalized: 2026-02-30 would be 2026-03-02.
  if (parsed.hour.year() != *year || parsed.hour.month() != *month || parsed.hour.day() != *day ||
      parsed.hour.hour() != *hour) {
    return std::nullopt;
  }

  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    parsed.channel = std::string(name.substr(0, dot));
    if (!IsChannel(parsed.channel)) return std::nullopt;
    name.remove_prefix(dot + 1);
  }
  if (!IsTag(name)) return std::nullopt;
  parsed.tag = std::string(name);
  return parsed;
}

bool ArcLampDay::HoursAreComplete() const {
  return hours.size() == kHoursPerDay &&
         std::all_of(hours.begin(), hours.end(), [](const ArcLampUnit& u) { return u.from_all; });
}

std::string_view SkipText(SkipReason reason) {
  switch (reason) {
    case SkipReason::kUnknownName:
      return "have names that are not Arc Lamp's";
    case SkipReason::kTagLog:
      return "are logs of one tag, whose samples stand in the log of all";
    case SkipReason::kTwin:
      return "are there a second time, compressed or in another folder";
    case SkipReason::kTooLate:
      return "end after --until";
  }
  return "";
}

absl::StatusOr<ArcLampPlan> PlanArcLamp(const std::vector<LogFile>& files, const std::string& type,
                                        absl::Time until) {
  ArcLampPlan plan;
  std::map<std::tuple<std::string, bool, absl::CivilHour>, Tags> units;
  for (const LogFile& file : files) {
    const auto name = ParseArcLampName(fs::path(file.path).filename().string());
    if (!name) {
      plan.skipped[SkipReason::kUnknownName].push_back(file.path);
      continue;
    }
    if (name->channel.empty() && type.empty()) {
      return InvalidArgument("{} names no channel: give its profile type with --type", file.path);
    }
    const absl::CivilHour end = name->hour + (name->is_daily ? kHoursPerDay : 1);
    if (absl::FromCivil(end, absl::UTCTimeZone()) > until) {
      plan.skipped[SkipReason::kTooLate].push_back(file.path);
      continue;
    }
    const std::string& channel = name->channel.empty() ? type : name->channel;
    units[{channel, name->is_daily, name->hour}][name->tag].push_back({&file, name->compression});
  }
  for (auto& [key, tags] : units) {
    const auto& [channel, is_daily, hour] = key;
    ArcLampUnit unit = ChooseFiles(std::move(tags), &plan);
    unit.begin = absl::FromCivil(hour, absl::UTCTimeZone());
    unit.is_daily = is_daily;
    ArcLampDay& day = plan.channels[channel][absl::CivilDay(hour)];
    if (is_daily) {
      day.whole = std::move(unit);
    } else {
      day.hours.push_back(std::move(unit));
    }
  }
  return plan;
}

absl::StatusOr<std::vector<LogFile>> ListArcLampLogs(const std::string& directory) {
  constexpr int kMaxDepth = 3;
  std::error_code error;
  fs::path root = directory;
  if (fs::is_directory(root / "logs", error)) root /= "logs";
  std::vector<LogFile> files;
  fs::recursive_directory_iterator it(root, fs::directory_options::follow_directory_symlink, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() >= kMaxDepth) it.disable_recursion_pending();
    const std::string path = it->path().string();
    const bool is_log = std::any_of(kSuffixes.begin(), kSuffixes.end(),
                                    [&](std::string_view s) { return path.ends_with(s); });
    struct stat info;
    // What is deleted or renamed meanwhile is simply not there.
    if (!is_log || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    constexpr int64_t kNanos = 1'000'000'000;
    files.push_back({path, static_cast<uint64_t>(info.st_size),
                     info.st_mtim.tv_sec * kNanos + info.st_mtim.tv_nsec});
  }
  if (error) {
    return NotFound("can not read Arc Lamp's logs in {}: {}", root.string(), error.message());
  }
  if (files.empty()) {
    return NotFound(
        "{} holds no logs of Arc Lamp's (such as logs/hourly/2026-11-20_13.excimer-wall.all.log)",
        directory);
  }
  std::sort(files.begin(), files.end(),
            [](const LogFile& a, const LogFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace flamekeep::cli
