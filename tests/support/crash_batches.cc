#include "tests/support/crash_batches.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "absl/time/civil_time.h"
#include "storage/store_testing.h"

namespace flamekeep::crash {
namespace {

const absl::Time kEnd = absl::FromCivil(absl::CivilDay(2027, 1, 3), absl::UTCTimeZone());
constexpr absl::Duration kSpan = absl::Hours(24 * 5);

}  // namespace

CrashBatch MakeBatch(int source, uint64_t number) {
  std::mt19937_64 random(static_cast<uint64_t>(source) * 1'000'003 + number);
  const auto pick = [&](uint64_t n) { return random() % n; };
  CrashBatch batch;
  batch.resolution = pick(10) == 0 ? storage::Level::kHour : storage::Level::kMinute;
  const size_t count = pick(40) + 1;
  for (size_t i = 0; i < count; ++i) {
    const auto span = static_cast<uint64_t>(absl::ToInt64Minutes(kSpan));
    CrashSample sample;
    sample.minute = storage::MinuteOf(kEnd - kSpan).value() +
                    static_cast<storage::Minute>(pick(4) == 0 ? pick(span) : span - 1 - pick(90));
    sample.profile = pick(2) == 0 ? "excimer" : "excimer-wall";
    sample.folded = fmt::format("main;f{}", pick(20));
    for (uint64_t depth = pick(6); depth > 0; --depth) {
      sample.folded += fmt::format(";g{}", pick(4) == 0 ? pick(100'000) : pick(10));
    }
    sample.value = pick(5) + 1;
    batch.samples.push_back(std::move(sample));
  }
  return batch;
}

storage::SourceKey SourceOf(int source) {
  return {storage::SourceKind::kPush, source % 2 == 0 ? "eqiad" : "codfw",
          fmt::format("client{}", source), "", 0};
}

storage::StoreOptions CrashStoreOptions(std::string directory) {
  storage::StoreOptions options = storage::TestOptions(std::move(directory));
  options.flush_interval = absl::Milliseconds(10);
  options.dictionary.block_shift = 12;
  options.now = [] { return kEnd; };
  return options;
}

}  // namespace flamekeep::crash
