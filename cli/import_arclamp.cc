#include "cli/import_arclamp.h"

#include <fmt/format.h>

#include <numeric>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/time_parse.h"
#include "cli/arclamp_unit.h"
#include "cli/client.h"

namespace flamekeep::cli {
namespace {

uint64_t SizeOf(const ArcLampUnit& unit) {
  return std::accumulate(unit.files.begin(), unit.files.end(), uint64_t{0},
                         [](uint64_t sum, const LogFile& file) { return sum + file.size; });
}

uint64_t SizeOf(const ArcLampPlan& plan) {
  uint64_t sum = 0;
  for (const auto& [channel, days] : plan.channels) {
    for (const auto& [date, day] : days) {
      for (const ArcLampUnit& unit : day.hours) sum += SizeOf(unit);
      if (day.whole) sum += SizeOf(*day.whole);
    }
  }
  return sum;
}

// Whether the server refuses this hour or day only.
bool IsRefused(const absl::Status& status) { return absl::IsFailedPrecondition(status); }

class Importer {
 public:
  Importer(const v1::OpenSource& open, const ImportTarget& target) : open_(open), target_(target) {}

  // One day of one channel.
  absl::Status ImportDay(const std::string& channel, const ArcLampDay& day);

  ArcLampResult TakeResult() { return std::move(result_); }

 private:
  // What is to be done with an hour or a day.
  enum class Decision { kNothing, kWrite };

  absl::Status ImportHour(const std::string& channel, const ArcLampUnit& unit);
  absl::Status ImportWhole(const std::string& channel, const ArcLampDay& day);
  absl::StatusOr<Decision> Decide(const std::string& channel, const ArcLampUnit& unit,
                                  ArcLampEntry& entry);
  absl::StatusOr<bool> MayWriteHour(const std::string& channel, const ArcLampUnit& hour);
  absl::Status Write(const ArcLampUnit& unit, ArcLampEntry& entry);
  absl::Status Tolerate(const std::string& channel, const ArcLampUnit& unit, absl::Status status);
  void Problem(const std::string& channel, const ArcLampUnit& unit, std::string_view sentence);

  std::function<void(uint64_t)> ProgressOf() const {
    return [this](uint64_t bytes) { target_.progress->Update(done_ + bytes); };
  }

  const v1::OpenSource& open_;
  const ImportTarget& target_;
  ArcLampResult result_;
  uint64_t done_ = 0;  // bytes of the logs that are dealt with

  // Of the day at hand.
  const ArcLampDay* day_ = nullptr;
  std::optional<bool> hours_may_be_written_;  // once it is known
  bool an_hour_failed_ = false;
  bool an_hour_was_written_ = false;
};

absl::Status Importer::ImportDay(const std::string& channel, const ArcLampDay& day) {
  day_ = &day;
  hours_may_be_written_.reset();
  an_hour_failed_ = false;
  an_hour_was_written_ = false;
  for (const ArcLampUnit& hour : day.hours) {
    FLAMEKEEP_RETURN_IF_ERROR(Tolerate(channel, hour, ImportHour(channel, hour)));
    done_ += SizeOf(hour);
  }
  if (!day.whole) return absl::OkStatus();
  FLAMEKEEP_RETURN_IF_ERROR(Tolerate(channel, *day.whole, ImportWhole(channel, day)));
  done_ += SizeOf(*day.whole);
  return absl::OkStatus();
}

absl::Status Importer::ImportHour(const std::string& channel, const ArcLampUnit& unit) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      ArcLampEntry entry,
      ArcLampEntry::Open(ArcLampSource(open_, channel, false, unit.begin), target_));
  FLAMEKEEP_ASSIGN_OR_RETURN(const Decision decision, Decide(channel, unit, entry));
  if (decision == Decision::kNothing) return absl::OkStatus();
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool may_write, MayWriteHour(channel, unit));
  if (may_write) return Write(unit, entry);
  Problem(
      channel, unit,
      "its day was imported from a daily log that is not here any more, so what it repeats of that "
      "day can not be told");
  return absl::OkStatus();
}

absl::Status Importer::ImportWhole(const std::string& channel, const ArcLampDay& day) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      ArcLampEntry entry,
      ArcLampEntry::Open(ArcLampSource(open_, channel, true, day.whole->begin), target_));
  if (!entry.known() && day.HoursAreComplete() && !an_hour_failed_) {
    ++result_.covered;
    return absl::OkStatus();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const Decision decision, Decide(channel, *day.whole, entry));
  if (decision == Decision::kNothing) return absl::OkStatus();
  return Write(*day.whole, entry);
}

absl::StatusOr<Importer::Decision> Importer::Decide(const std::string& channel,
                                                    const ArcLampUnit& unit, ArcLampEntry& entry) {
  if (!entry.known()) {
    if (SizeOf(unit) > 0) return Decision::kWrite;
    ++result_.empty;
    return Decision::kNothing;
  }
  const LogState known = *entry.known();
  const bool is_stale = known.is_stale || (unit.is_daily && an_hour_was_written_);
  if (!is_stale && known.files == DigestOfFiles(unit.files)) {
    ++result_.unchanged;
    return Decision::kNothing;
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const LogState state,
                             ReadLogState(unit, ProgressOf(), target_.client.cancelled));
  if (state.lines < known.lines) {
    Problem(channel, unit,
            fmt::format("it has {} lines and had {} when it was imported: what was imported stays",
                        CountText(state.lines), CountText(known.lines)));
    return Decision::kNothing;
  }
  if (is_stale || !state.SameContent(known)) return Decision::kWrite;
  // So that nobody has to look inside the next time.
  FLAMEKEEP_RETURN_IF_ERROR(entry.SetState(state));
  ++result_.unchanged;
  return Decision::kNothing;
}

// Marks the day stale if it was imported before.
absl::StatusOr<bool> Importer::MayWriteHour(const std::string& channel, const ArcLampUnit& hour) {
  if (hours_may_be_written_) return *hours_may_be_written_;
  const absl::CivilDay date(absl::ToCivilDay(hour.begin, absl::UTCTimeZone()));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      ArcLampEntry entry,
      ArcLampEntry::Open(
          ArcLampSource(open_, channel, true, absl::FromCivil(date, absl::UTCTimeZone())),
          target_));
  if (entry.known() && day_->whole && !entry.known()->is_stale) {
    LogState state = *entry.known();
    state.is_stale = true;
    FLAMEKEEP_RETURN_IF_ERROR(entry.SetState(state));
  }
  hours_may_be_written_ = !entry.known() || day_->whole;
  return *hours_may_be_written_;
}

absl::Status Importer::Write(const ArcLampUnit& unit, ArcLampEntry& entry) {
  FLAMEKEEP_RETURN_IF_ERROR(entry.Replace(unit, ProgressOf()));
  ++(unit.is_daily ? result_.days : result_.hours);
  an_hour_was_written_ |= !unit.is_daily;
  result_.files += unit.files.size();
  AddCounts(entry.counts(), &result_.counts);
  return absl::OkStatus();
}

// Notes what concerns one hour or day only, and goes on.
absl::Status Importer::Tolerate(const std::string& channel, const ArcLampUnit& unit,
                                absl::Status status) {
  if (!IsLogProblem(status) && !IsRefused(status)) return status;
  an_hour_failed_ = true;
  Problem(channel, unit, Message(status));
  return absl::OkStatus();
}

void Importer::Problem(const std::string& channel, const ArcLampUnit& unit,
                       std::string_view sentence) {
  std::string time = TimeText(unit.begin);
  if (unit.is_daily) time.resize(time.find('T'));
  result_.problems.push_back(fmt::format("{} of {} was not imported: {}", channel, time, sentence));
}

}  // namespace

absl::StatusOr<ArcLampResult> ImportArcLamp(const ArcLampPlan& plan, const v1::OpenSource& open,
                                            const ImportTarget& target) {
  Importer importer(open, target);
  target.progress->Begin("Arc Lamp's logs", SizeOf(plan));
  absl::Status status;
  for (const auto& [channel, days] : plan.channels) {
    for (const auto& [date, day] : days) {
      if (status.ok()) status = importer.ImportDay(channel, day);
    }
  }
  target.progress->End();
  if (!status.ok()) return status;
  return importer.TakeResult();
}

}  // namespace flamekeep::cli
