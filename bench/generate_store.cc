// Makes a store as years of samples at Wikimedia's volume leave it; see README.md.
//
//   generate_store --days 730 --out /tmp/two-years
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/corpus.h"
#include "bench/support/generator.h"
#include "bench/support/must.h"
#include "bench/support/process_usage.h"
#include "bench/support/store_about.h"
#include "storage/store.h"

namespace flamekeep::bench {
namespace {

struct Flags {
  std::string out;
  std::string end;
  GeneratorOptions generator;
  uint32_t minute_days = 90;
};

absl::Time EndOf(const Flags& flags) {
  absl::Time end = absl::Now();
  std::string error;
  if (!flags.end.empty() && !absl::ParseTime(absl::RFC3339_full, flags.end, &end, &error)) {
    Must(absl::InvalidArgumentError("--end wants a time like 2026-11-20T13:00:00Z"));
  }
  return absl::FromUnixSeconds(absl::ToUnixSeconds(end) / 3600 * 3600);
}

storage::StoreOptions StoreOptionsOf(const Flags& flags, const std::atomic<int64_t>* clock) {
  storage::StoreOptions options;
  options.directory = flags.out;
  options.retention.keep[0] = absl::Hours(24 * flags.minute_days);
  options.append_timeout = absl::Hours(1);
  // Fewer and larger flushes than a server's: what is measured is not how the store was made.
  options.flush_bytes = uint64_t{16} << 20;
  options.max_head_bytes = uint64_t{128} << 20;
  options.flush_interval = absl::Seconds(10);
  options.now = [clock] { return absl::FromUnixSeconds(clock->load()); };
  return options;
}

double SecondsSince(absl::Time start) { return absl::ToDoubleSeconds(absl::Now() - start); }

void Report(const Generator& generator, const storage::Store& store, absl::Time start) {
  const storage::StoreStatus status = store.Status();
  std::printf(
      "%s",
      fmt::format("day {:4}  {:6.0f} s, CPU {:6.0f} s  {:6.1f} M samples  {:6.1f} M pairs  {:5.1f} "
                  "M stacks  "
                  "{:5.1f} M nodes  {:6} frames  {:6.0f} MB on disk  {:5.0f} MB anonymous\n",
                  generator.day(), SecondsSince(start), CpuSeconds(), generator.samples() / 1e6,
                  generator.pairs() / 1e6, generator.stacks() / 1e6, status.dictionary.stacks / 1e6,
                  status.dictionary.frames, status.directory_bytes / 1e6,
                  ProcessMemory("RssAnon") / 1e6)
          .c_str());
  std::fflush(stdout);
}

void Generate(Flags flags) {
  constexpr uint32_t kReportDays = 7;
  const absl::Time start = absl::Now();
  const absl::Time end = EndOf(flags);
  std::atomic<int64_t> clock{absl::ToUnixSeconds(end)};
  flags.generator.end = end;
  flags.generator.minutes_from =
      storage::BucketAt(storage::Level::kHour,
                        storage::MinuteOf(end - absl::Hours(24 * flags.minute_days)).value())
          .start;
  flags.generator.corpus = CorpusPath();

  const auto store = Must(storage::Store::Open(StoreOptionsOf(flags, &clock)));
  auto generator = std::make_unique<Generator>(flags.generator, store.get(), &clock);
  generator->Prepare();
  std::printf("%s to %s; corpus %s: %.1f s\n", absl::FormatTime(end, absl::UTCTimeZone()).c_str(),
              flags.out.c_str(), flags.generator.corpus.c_str(), SecondsSince(start));
  while (generator->NextDay()) {
    if (generator->day() % kReportDays == 0) Report(*generator, *store, start);
  }
  StoreAbout about{.begin = end - absl::Hours(24 * flags.generator.days),
                   .end = end,
                   .samples = generator->samples(),
                   .pairs = generator->pairs()};
  clock.store(absl::ToUnixSeconds(end));
  Report(*generator, *store, start);
  generator.reset();
  Must(store->Flush());
  std::printf("written: %.1f s, CPU %.1f s\n", SecondsSince(start), CpuSeconds());
  Must(store->RunMaintenance(/*force=*/true));
  std::printf("rolled up: %.1f s, CPU %.1f s\n", SecondsSince(start), CpuSeconds());
  Must(store->Compact());
  const storage::StoreStatus status = store->Status();
  about.nodes = status.dictionary.stacks;
  about.seconds = SecondsSince(start);
  Must(WriteAbout(flags.out, about));
  std::printf("compacted: %.1f s, CPU %.1f s; %.0f MB\n", about.seconds, CpuSeconds(),
              status.directory_bytes / 1e6);
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  CLI::App app("Makes a store as years of samples at Wikimedia's volume leave it");
  app.add_option("--out", flags.out, "Directory of the new store")->required();
  app.add_option("--days", flags.generator.days, "How many days of samples")->capture_default_str();
  app.add_option("--scale", flags.generator.samples_per_day, "Samples a day and profile type")
      ->capture_default_str();
  app.add_option("--seed", flags.generator.seed, "The same seed gives the same samples")
      ->capture_default_str();
  app.add_option("--end", flags.end, "End of the last day; default the last full hour");
  app.add_option("--minute-days", flags.minute_days, "For how many days minutes are kept")
      ->capture_default_str();
  app.add_option("--deployed-share", flags.generator.deployed_share,
                 "Share of the functions that a weekly deployment renames")
      ->capture_default_str();
  app.add_option("--reservoir", flags.generator.reservoir,
                 "Draws that are remembered, 4 bytes each")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Generate(flags);
  return 0;
}
