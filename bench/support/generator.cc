#include "bench/support/generator.h"

#include <utility>

#include "bench/support/corpus.h"
#include "bench/support/must.h"
#include "bench/support/rhythm.h"
#include "storage/profile_type.h"

namespace flamekeep::bench {
namespace {

using storage::Level;
using storage::Minute;

constexpr int64_t kMinuteSeconds = 60;
constexpr Minute kHour = 60;
constexpr Minute kDay = 24 * kHour;
constexpr uint32_t kDeploymentDay = 1;  // Tuesday
// Of 2^16: the first site's part.
constexpr uint64_t kFirstSite = 39'322;

}  // namespace

Generator::Generator(const GeneratorOptions& options, storage::Store* store,
                     std::atomic<int64_t>* clock)
    : options_(options),
      store_(store),
      clock_(clock),
      random_(options.seed),
      process_({.capacity = options.reservoir}, options.seed + 1),
      pool_(&store->dictionary(), options.seed + 2),
      first_(storage::MinuteOf(options.end).value() - options.days * kDay) {}

void Generator::Prepare() {
  // Series first: a site's floors follow from the clock as it is at the end.
  for (size_t type = 0; type < kProfileTypes.size(); ++type) {
    const std::string id = Must(storage::ParseProfileType(kProfileTypes[type])).Id();
    for (size_t site = 0; site < kSites.size(); ++site) {
      const std::string name(kSites[site]);
      sources_[type][site] = Must(store_->InternSource({.kind = storage::SourceKind::kPubSub,
                                                        .site = name,
                                                        .name = std::string(kProfileTypes[type]),
                                                        .node = "bench",
                                                        .rules_hash = 1}));
      for (size_t entry = 0; entry < kEntryPoints.size(); ++entry) {
        series_[type][site][entry] = Must(
            store_->InternSeries({name, id, {{"entry_point", std::string(kEntryPoints[entry])}}}));
      }
    }
  }
  Must(ReadCorpus(options_.corpus, [this](const CorpusMessage& message) {
    bool first;
    const uint32_t stack = pool_.Add(message.stack, &first);
    process_.Observe(stack, first);
  }));
}

void Generator::Deploy(Minute day) {
  if ((day / kDay + 3) % 7 == kDeploymentDay && day_ > 0) pool_.Deploy(options_.deployed_share);
}

bool Generator::NextDay() {
  if (day_ == options_.days) return false;
  const Minute start = first_ + day_ * kDay;
  Deploy(start);
  for (Minute hour = start; hour < start + kDay; hour += kHour) {
    clock_->store(absl::ToUnixSeconds(storage::TimeOf(hour + kHour)));
    if (hour < options_.minutes_from) {
      WriteHours(hour);
    } else {
      WriteMinutes(hour);
    }
  }
  ++day_;
  return true;
}

bool Generator::NextFlush(uint32_t flushes_a_minute) {
  if (day_ == options_.days) return false;
  const Minute day = first_ + day_ * kDay;
  if (flush_ == 0) Deploy(day);
  const Minute minute = day + flush_ / flushes_a_minute;
  const int64_t seconds = absl::ToUnixSeconds(storage::TimeOf(minute)) +
                          kMinuteSeconds * (flush_ % flushes_a_minute + 1) / flushes_a_minute;
  clock_->store(seconds);
  const storage::Progress progress{
      .begins_ms = absl::ToUnixMillis(storage::TimeOf(first_)),
      .complete_through_ms = absl::ToUnixMillis(absl::FromUnixSeconds(seconds))};
  for (size_t type = 0; type < kProfileTypes.size(); ++type) {
    DrawBucket(minute, 1.0 / flushes_a_minute, type);
    Append(type, Level::kMinute, progress);
  }
  if (++flush_ == kDay * flushes_a_minute) {
    flush_ = 0;
    ++day_;
  }
  return true;
}

void Generator::WriteHours(Minute hour) {
  for (size_t type = 0; type < kProfileTypes.size(); ++type) {
    DrawBucket(hour, kHour, type);
    Append(type, Level::kHour);
  }
}

void Generator::WriteMinutes(Minute hour) {
  for (size_t type = 0; type < kProfileTypes.size(); ++type) {
    for (Minute minute = hour; minute < hour + kHour; ++minute) DrawBucket(minute, 1, type);
    Append(type, Level::kMinute);
  }
}

void Generator::DrawBucket(Minute start, double minutes, size_t type) {
  const double mean =
      options_.samples_per_day * minutes / kDay * Rhythm(start + static_cast<Minute>(minutes / 2));
  const uint64_t count = random_.Poisson(mean);
  process_.Draw(
      count, [this] { return NewStack(); },
      [this](uint32_t stack) {
        const uint32_t site = (random_() >> 48) < kFirstSite ? 0 : 1;
        counts_.Add(stack << 1 | site);
      });
  samples_ += count;
  pairs_ += counts_.size();
  counts_.Take(
      [&](uint32_t key, uint32_t value) {
        const uint32_t stack = key >> 1;
        const size_t site = key & 1;
        batches_[site].push_back({.minute = start,
                                  .series = series_[type][site][pool_.entry_point(stack)],
                                  .stack = pool_.stack(stack),
                                  .observations = value,
                                  .value = value});
      },
      [&](uint32_t key) { pool_.Prefetch(key >> 1); });
}

void Generator::Append(size_t type, Level resolution, const storage::Progress& progress) {
  for (size_t site = 0; site < kSites.size(); ++site) {
    storage::Batch batch;
    batch.source = sources_[type][site];
    batch.resolution = resolution;
    batch.progress = progress;
    const size_t size = batches_[site].size();
    batch.samples = std::exchange(batches_[site], {});
    batches_[site].reserve(size + size / 4);
    Must(store_->Append(batch).status());
  }
}

uint32_t Generator::NewStack() {
  return pool_.Grow([this] { return process_.Earlier(); }, process_.draws());
}

}  // namespace flamekeep::bench
