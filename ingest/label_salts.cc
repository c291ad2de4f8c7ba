#include "ingest/label_salts.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

// How long before its period begins a key may be there: clocks of senders go ahead.
constexpr absl::Duration kKeyAhead = absl::Hours(24);

int64_t Number(SaltPeriod period) { return static_cast<int64_t>(period); }

}  // namespace

LabelSalts::LabelSalts(LabelSaltOptions options, Metrics* metrics)
    : options_(std::move(options)),
      rotate_minutes_(std::max<int64_t>(absl::ToInt64Minutes(options_.rotate), 1)),
      conflicts_(metrics->GetCounter(
          "label_salt_conflicts_total", Severity::kLoss,
          "Periods that got a second salt, since the Redis server lost the first: hashes of before "
          "and after differ, and servers may disagree about the minutes between.")),
      wiped_(metrics->GetCounter("label_salts_wiped_total", Severity::kInfo,
                                 "Salts that were wiped from memory after their time.")),
      held_(metrics->GetGauge("label_salts", "Salts of labels in memory.")) {}

SaltPeriod LabelSalts::PeriodOf(storage::Minute minute) const {
  return SaltPeriod{int64_t{minute} / rotate_minutes_};
}

LabelSalts::Minutes LabelSalts::MinutesOf(SaltPeriod period) const {
  const int64_t begin = Number(period) * rotate_minutes_;
  return {begin, begin + rotate_minutes_};
}

absl::Duration LabelSalts::Left(SaltPeriod period, absl::Time now) const {
  return absl::UnixEpoch() + absl::Minutes(MinutesOf(period).end) + options_.keep - now;
}

bool LabelSalts::InTime(SaltPeriod period, absl::Time now) const {
  const absl::Time begin = absl::UnixEpoch() + absl::Minutes(MinutesOf(period).begin);
  return Left(period, now) > absl::ZeroDuration() && begin <= now + kKeyAhead;
}

LabelSalts::Found LabelSalts::Find(SaltPeriod period) {
  const bool in_time = InTime(period, options_.now());
  absl::MutexLock lock(&mutex_);
  auto it = salts_.find(period);
  if (it == salts_.end()) {
    // Nothing is remembered of periods that nobody can have a key of.
    if (!in_time) return {};
    it = salts_.try_emplace(period).first;
    if (options_.shared) {
      asked_ = true;
    } else if (auto key = LabelKey::Random(); key.ok()) {
      it->second.key = *std::move(key);
      CountHeld(1);
    } else {
      it->second.gone = true;
      spdlog::error("labels are not hashed but left out: {}", Message(key.status()));
    }
  }
  const Salt& salt = it->second;
  return {.key = salt.key, .may_come = salt.key == nullptr && !salt.gone && in_time};
}

void LabelSalts::CountHeld(int change) {
  held_count_ += change;
  held_.Set(held_count_);
}

void LabelSalts::Tick() {
  const absl::Time now = options_.now();
  absl::MutexLock lock(&mutex_);
  for (auto& [period, salt] : salts_) {
    if (salt.gone || Left(period, now) > absl::ZeroDuration()) continue;
    salt.gone = true;
    if (salt.key == nullptr) continue;
    salt.key.reset();
    CountHeld(-1);
    wiped_.Add();
  }
}

std::vector<LabelSalts::Wanted> LabelSalts::Shared() {
  const absl::Time now = options_.now();
  const SaltPeriod current{absl::ToUnixSeconds(now) / (rotate_minutes_ * 60)};
  absl::MutexLock lock(&mutex_);
  asked_ = false;
  salts_.try_emplace(current);
  // So that its beginning does not hang on the Redis server.
  salts_.try_emplace(SaltPeriod{Number(current) + 1});
  std::vector<Wanted> wanted;
  for (const auto& [period, salt] : salts_) {
    const absl::Duration left = Left(period, now);
    if (!salt.gone && left > absl::ZeroDuration()) wanted.push_back({period, salt.key, left});
  }
  return wanted;
}

void LabelSalts::WaitForWanted(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &LabelSalts::IsAsked), timeout);
}

void LabelSalts::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

void LabelSalts::Share(SaltPeriod period, std::unique_ptr<const LabelKey> key) {
  absl::MutexLock lock(&mutex_);
  Salt& salt = salts_[period];
  if (salt.gone) return;
  if (salt.key == nullptr) {
    CountHeld(1);
  } else if (salt.key->bytes() == key->bytes()) {
    return;
  } else {
    conflicts_.Add();
    spdlog::error(
        "the Redis server that label_salts names lost a salt, and another server made a second one "
        "for the same period: hashes of labels change now");
  }
  salt.key = std::move(key);
}

void LabelSalts::SetGone(SaltPeriod period) {
  absl::MutexLock lock(&mutex_);
  Salt& salt = salts_[period];
  if (salt.key == nullptr) salt.gone = true;
}

}  // namespace flamekeep::ingest
