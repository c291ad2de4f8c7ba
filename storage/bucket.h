// Levels, buckets and time ranges. All calendar arithmetic is UTC.
//
// Storage counts time in whole minutes since the Unix epoch (`Minute`), which fit a uint32 until
// the year 10135; times before 1970 can not be stored.
#ifndef FLAMEKEEP_STORAGE_BUCKET_H_
#define FLAMEKEEP_STORAGE_BUCKET_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace flamekeep::storage {

// The width of a bucket. The values are on disk: never change them.
enum class Level : uint8_t { kMinute = 0, kHour = 1, kDay = 2, kMonth = 3, kYear = 4 };

inline constexpr std::array kLevels = {Level::kMinute, Level::kHour, Level::kDay, Level::kMonth,
                                       Level::kYear};
inline constexpr int kLevelCount = static_cast<int>(kLevels.size());

std::string_view LevelName(Level level);  // "minute", "hour", ...

// The next finer or coarser level. REQUIRES: there is one.
constexpr Level Finer(Level level) { return static_cast<Level>(static_cast<int>(level) - 1); }
constexpr Level Coarser(Level level) { return static_cast<Level>(static_cast<int>(level) + 1); }

// Minutes since 1970-01-01T00:00Z.
using Minute = uint32_t;
inline constexpr int64_t kMsPerMinute = 60'000;
inline constexpr Minute kMaxMinute = 4'000'000'000;  // in the year 9575

// The minute that holds `time`; nothing for a time before 1970 or after kMaxMinute.
std::optional<Minute> MinuteOf(absl::Time time);
absl::Time TimeOf(Minute minute);

// One level-wide span of time, named by its start.
struct Bucket {
  Level level;
  Minute start;

  Minute end() const;  // the start of the next bucket of this level
  auto operator<=>(const Bucket&) const = default;
};

// The bucket of `level` that holds `minute`.
Bucket BucketAt(Level level, Minute minute);

// Half open: [begin, end).
struct MinuteRange {
  Minute begin = 0;
  Minute end = 0;

  bool empty() const { return begin >= end; }
  bool Contains(Minute minute) const { return begin <= minute && minute < end; }
  auto operator<=>(const MinuteRange&) const = default;
};

// "2026-11-20T13:00Z", for messages.
std::string FormatMinute(Minute minute);

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_BUCKET_H_
