#include "server/arclamp/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "base/status.h"
#include "server/arclamp/file_name.h"
#include "server/arclamp/listing.h"

namespace flamekeep::server {

namespace {

using EntryTimes = std::map<ArcLampEntry, absl::Time>;

// How many hours or days with samples of a channel are looked into, until all its entries are
// found: at least all whose logs are plain.
constexpr int kMetricHours = 72;
constexpr int kMetricDays = 14;

// Of one period, by Arc Lamp's `compressed`.
struct PeriodTimes {
  EntryTimes oldest_plain, newest_plain;
  EntryTimes oldest_packed, newest_packed;
};

// Reads the times of one channel. Of an entry, the first time that is found counts.
class TimesReader {
 public:
  TimesReader(const ArcLampHistory& history, absl::Span<const ArcLampChannel> channel,
              absl::Time now)
      : history_(history), channel_(channel), now_(now) {
    std::set<std::string_view> tags(channel[0].tags.begin(), channel[0].tags.end());
    tags.erase("");
    entries_ = tags.size() + 1;  // `all`
  }

  absl::Status Read(storage::Level level, PeriodTimes* times) const {
    const storage::Minute plain = ArcLampFirstPlain(level, now_);
    const storage::MinuteRange plain_range = {plain, storage::kMaxMinute};
    const storage::MinuteRange packed_range = {0, plain};
    FLAMEKEEP_RETURN_IF_ERROR(Newest(level, plain_range, &times->newest_plain));
    FLAMEKEEP_RETURN_IF_ERROR(Newest(level, packed_range, &times->newest_packed));
    FLAMEKEEP_RETURN_IF_ERROR(Oldest(level, plain_range, &times->oldest_plain));
    return Oldest(level, packed_range, &times->oldest_packed);
  }

 private:
  static int StepsOf(storage::Level level) {
    return level == storage::Level::kHour ? kMetricHours : kMetricDays;
  }

  absl::Status Newest(storage::Level level, storage::MinuteRange range, EntryTimes* times) const {
    size_t missing = entries_;
    for (int steps = StepsOf(level); missing > 0 && steps > 0; --steps) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<ArcLampBucket> bucket,
                                 history_.Before(level, range.end, channel_));
      if (!bucket.has_value() || bucket->bucket.start < range.begin) break;
      missing -= Add(*bucket, times);
      range.end = bucket->bucket.start;
    }
    return absl::OkStatus();
  }

  absl::Status Oldest(storage::Level level, storage::MinuteRange range, EntryTimes* times) const {
    size_t missing = entries_;
    for (int steps = StepsOf(level); missing > 0 && steps > 0; --steps) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<ArcLampBucket> bucket,
                                 history_.From(level, range.begin, channel_));
      if (!bucket.has_value() || bucket->bucket.start >= range.end) break;
      missing -= Add(*bucket, times);
      range.begin = bucket->bucket.end();
    }
    return absl::OkStatus();
  }

  // How many of its entries were new.
  size_t Add(const ArcLampBucket& bucket, EntryTimes* times) const {
    const size_t before = times->size();
    for (const auto& [entry, end] : bucket.entries) {
      times->emplace(entry, std::min(storage::TimeOf(end), now_));
    }
    return times->size() - before;
  }

  const ArcLampHistory& history_;
  const absl::Span<const ArcLampChannel> channel_;
  const absl::Time now_;
  size_t entries_ = 0;  // that the channel has
};

// The samples of an hour are also those of its day, whose end alone is known once it is rolled up.
void SharpenDays(const EntryTimes& hours, EntryTimes* days) {
  for (auto& [entry, time] : *days) {
    const auto hour = hours.find(entry);
    if (hour == hours.end() || hour->second <= time - absl::Hours(24)) continue;
    time = std::min(time, hour->second);
  }
}

prometheus::MetricFamily TimesFamily(std::string name, std::string help) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge, {}};
}

void AddValue(double value, std::vector<prometheus::ClientMetric::Label> labels,
              prometheus::MetricFamily* family) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family->metric.push_back(std::move(metric));
}

std::vector<prometheus::ClientMetric::Label> LabelsOf(storage::Level level,
                                                      const ArcLampEntry& entry) {
  return {{"period", std::string(ArcLampPeriod(level))},
          {"profiler", entry.channel},
          {"entry", entry.tag}};
}

void AddLogs(storage::Level level, const EntryTimes& times, std::string_view compressed,
             prometheus::MetricFamily* family) {
  for (const auto& [entry, time] : times) {
    std::vector<prometheus::ClientMetric::Label> labels = LabelsOf(level, entry);
    labels.push_back({"compressed", std::string(compressed)});
    AddValue(absl::ToDoubleSeconds(time - absl::UnixEpoch()), std::move(labels), family);
  }
}

// `first` counts where an entry is in both.
void AddSvgs(storage::Level level, EntryTimes first, const EntryTimes& second,
             prometheus::MetricFamily* family) {
  first.insert(second.begin(), second.end());
  for (const auto& [entry, time] : first) {
    AddValue(absl::ToDoubleSeconds(time - absl::UnixEpoch()), LabelsOf(level, entry), family);
  }
}

}  // namespace

absl::StatusOr<std::string> ArcLampMetricsText(const ArcLampHistory& history, absl::Time now) {
  PeriodTimes hourly;
  PeriodTimes daily;
  for (size_t i = 0; i < history.channels().size(); ++i) {
    const TimesReader reader(history, history.channels().subspan(i, 1), now);
    FLAMEKEEP_RETURN_IF_ERROR(reader.Read(storage::Level::kHour, &hourly));
    FLAMEKEEP_RETURN_IF_ERROR(reader.Read(storage::Level::kDay, &daily));
  }
  SharpenDays(hourly.newest_plain, &daily.newest_plain);

  auto oldest_log = TimesFamily("arclamp_oldest_log_seconds", "Timestamp of the oldest log");
  auto newest_log = TimesFamily("arclamp_newest_log_seconds", "Timestamp of the newest log");
  auto oldest_svg = TimesFamily("arclamp_oldest_svg_seconds", "Timestamp of the oldest graph");
  auto newest_svg = TimesFamily("arclamp_newest_svg_seconds", "Timestamp of the newest graph");
  auto truncated = TimesFamily("arclamp_truncated_svg_files_total", "Graphs that were cut off");
  auto temporary = TimesFamily("arclamp_oldest_temporary_file_seconds",
                               "Timestamp of the oldest temporary file: there are none");
  for (const auto& [level, times] : {std::pair(storage::Level::kDay, std::cref(daily)),
                                     std::pair(storage::Level::kHour, std::cref(hourly))}) {
    const PeriodTimes& of = times.get();
    AddLogs(level, of.oldest_plain, "no", &oldest_log);
    AddLogs(level, of.oldest_packed, "yes", &oldest_log);
    AddLogs(level, of.newest_plain, "no", &newest_log);
    AddLogs(level, of.newest_packed, "yes", &newest_log);
    AddSvgs(level, of.oldest_packed, of.oldest_plain, &oldest_svg);
    AddSvgs(level, of.newest_plain, of.newest_packed, &newest_svg);
    EntryTimes all = of.newest_plain;
    all.insert(of.newest_packed.begin(), of.newest_packed.end());
    for (const auto& [entry, time] : all) AddValue(0, LabelsOf(level, entry), &truncated);
  }
  AddValue(absl::ToDoubleSeconds(now - absl::UnixEpoch()), {}, &temporary);
  return prometheus::TextSerializer().Serialize(
      {oldest_log, newest_log, temporary, oldest_svg, newest_svg, truncated});
}

}  // namespace flamekeep::server
