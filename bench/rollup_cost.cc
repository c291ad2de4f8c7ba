// What rollup costs at Wikimedia's volume, and how often a byte is written to the disk; see
// README.md.
//
//   rollup_cost --days 31 --dir /tmp/month
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/support/corpus.h"
#include "bench/support/counting_env.h"
#include "bench/support/generator.h"
#include "bench/support/must.h"
#include "bench/support/process_usage.h"
#include "bench/support/results.h"
#include "bench/support/timing.h"
#include "storage/store.h"
#include "storage/store_stats.h"

namespace flamekeep::bench {
namespace {

constexpr double kMegabyte = 1e6;
constexpr int64_t kMinuteSeconds = 60;
constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kDaySeconds = 24 * kHourSeconds;
// Of each hour. An hour has been stale for long when it is over, so its rollup is due at once. The
// run before does what is due without a rollup.
constexpr int64_t kUpkeepSeconds = 59 * kMinuteSeconds;
constexpr int64_t kRollupSeconds = 1 * kMinuteSeconds;

struct Flags {
  std::string dir;
  std::string end = "2026-11-01T00:00:00Z";
  std::string results;
  GeneratorOptions generator;
  uint32_t flushes_a_minute = 60;
};

// Rollups of one kind.
struct Rollups {
  Timing cpu;
  Timing wall;
  double read = 0;     // bytes from files
  double written = 0;  // bytes of the batches that they committed

  size_t count() const { return cpu.milliseconds.size(); }
};

absl::Time EndOf(const Flags& flags) {
  absl::Time end;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, flags.end, &end, &error) ||
      absl::ToUnixSeconds(end) % kDaySeconds != 0) {
    Must(absl::InvalidArgumentError("--end wants a midnight like 2026-11-01T00:00:00Z"));
  }
  return end;
}

class Simulation {
 public:
  Simulation(const Flags& flags, absl::Time end) : flags_(flags), end_(end) {
    clock_.store(absl::ToUnixSeconds(end) - int64_t{flags.generator.days} * kDaySeconds);
    store_ = Open();
    generator_ = std::make_unique<Generator>(flags.generator, store_.get(), &clock_);
    generator_->Prepare();
    Must(store_->Flush());
  }

  void Run() {
    const absl::Time start = absl::Now();
    uint32_t day = 0;
    while (generator_->NextFlush(flags_.flushes_a_minute)) {
      Must(store_->Flush());
      Maintain();
      if (generator_->day() == day) continue;
      day = generator_->day();
      std::printf("%s", fmt::format("day {:3}  {:6.0f} s, CPU {:6.0f} s  {:6.1f} M samples\n", day,
                                    absl::ToDoubleSeconds(absl::Now() - start), CpuSeconds(),
                                    generator_->samples() / 1e6)
                            .c_str());
      std::fflush(stdout);
    }
    // The last hour, its day, and maybe its month.
    clock_.store(absl::ToUnixSeconds(end_) + kRollupSeconds);
    Maintain();
  }

  // Closing leaves the log as a kill does.
  void ReportReopening() {
    Results results(flags_.results, WritingSubject());
    const auto log = static_cast<double>(Must(store_->Stats()).log_bytes);
    generator_.reset();
    store_.reset();
    const double cpu = CpuSeconds();
    const Stopwatch stopwatch;
    store_ = Open();
    results.Add("opened as after a kill: MB of log", Megabytes({log}));
    results.Add(
        "opened as after a kill: time, CPU",
        fmt::format("{:.2f} s, {:.2f} s", stopwatch.Milliseconds() / 1e3, CpuSeconds() - cpu));
  }

  void Report() {
    Results rollups(flags_.results, "rollup");
    AddRollups("an hour of both sites", hours_, &rollups);
    AddRollups("a day with its last hour", days_, &rollups);
    Results writes(flags_.results, WritingSubject());
    const WrittenBytes& files = files_.written();
    const auto log = static_cast<double>(files.log);
    const double samples = log - hours_.written - days_.written;
    // Less what was deleted before it got to the disk.
    const auto written = static_cast<double>(ProcessIo("write_bytes")) -
                         static_cast<double>(ProcessIo("cancelled_write_bytes"));
    const auto size = static_cast<double>(store_->Status().directory_bytes);
    writes.Add(
        "M samples a day and type, flushes a minute",
        fmt::format("{:g}, {}", flags_.generator.samples_per_day / 1e6, flags_.flushes_a_minute));
    writes.Add("commits, buckets rolled up", fmt::format("{}, {}", Counted("storage_flushes_total"),
                                                         Counted("storage_rollups_total")));
    writes.Add("MB committed: samples, rollups", Megabytes({samples, log - samples}));
    writes.Add("MB of log, tables, compacted tables, other files",
               Megabytes({log, static_cast<double>(files.flushed),
                          static_cast<double>(files.compacted), static_cast<double>(files.other)}));
    writes.Add("MB to the disk, MB of the store at the end", Megabytes({written, size}));
    if (written <= 0) return;  // a file system in memory
    writes.Add("MB to the disk by MB committed, of samples alone",
               fmt::format("{:.1f}, {:.1f}", written / log, written / samples));
    writes.Add("MB to the disk by MB of the store", fmt::format("{:.1f}", written / size));
  }

 private:
  std::string WritingSubject() const { return fmt::format("writing {} d", flags_.generator.days); }

  uint64_t Counted(std::string_view name) {
    return metrics_.GetCounter(name, Severity::kInfo, "").value();
  }

  static std::string Megabytes(std::initializer_list<double> bytes) {
    std::string text;
    for (const double each : bytes) {
      text += fmt::format("{}{:.1f}", text.empty() ? "" : ", ", each / kMegabyte);
    }
    return text;
  }

  static void AddRollups(const std::string& what, const Rollups& rollups, Results* results) {
    if (rollups.count() == 0) return;
    const auto count = static_cast<double>(rollups.count());
    results->Add(what + ": CPU, median, worst",
                 fmt::format("{:.2f} s, {:.2f} s", rollups.cpu.p50() / 1e3,
                             rollups.cpu.Percentile(1) / 1e3));
    results->Add(what + ": wall time, median, worst",
                 fmt::format("{:.2f} s, {:.2f} s", rollups.wall.p50() / 1e3,
                             rollups.wall.Percentile(1) / 1e3));
    results->Add(what + ": MB read from files, MB committed, mean",
                 Megabytes({rollups.read / count, rollups.written / count}));
  }

  // As a server opens it, but for the thread that rolls up.
  std::unique_ptr<storage::Store> Open() {
    storage::StoreOptions options;
    options.directory = flags_.dir;
    options.metrics = &metrics_;
    options.env = files_.env();
    options.background_maintenance = false;
    options.min_flush_interval = absl::ZeroDuration();
    options.now = [this] { return absl::FromUnixSeconds(clock_.load()); };
    return Must(storage::Store::Open(std::move(options)));
  }

  // Does what is due at the clock's time.
  void Maintain() {
    const int64_t now = clock_.load();
    if (now % kHourSeconds == kUpkeepSeconds) Must(store_->RunMaintenance());
    if (now % kHourSeconds != kRollupSeconds) return;
    const bool first = now - kHourSeconds <
                       absl::ToUnixSeconds(end_) - int64_t{flags_.generator.days} * kDaySeconds;
    if (first) return;  // no hour is over yet
    Rollups& rollups = now % kDaySeconds == kRollupSeconds ? days_ : hours_;
    const double cpu = CpuSeconds();
    const uint64_t read = ProcessIo("rchar");
    const uint64_t log = files_.written().log;
    const Stopwatch stopwatch;
    Must(store_->RunMaintenance());
    rollups.wall.milliseconds.push_back(stopwatch.Milliseconds());
    rollups.cpu.milliseconds.push_back((CpuSeconds() - cpu) * 1e3);
    rollups.read += static_cast<double>(ProcessIo("rchar") - read);
    rollups.written += static_cast<double>(files_.written().log - log);
  }

  const Flags flags_;
  const absl::Time end_;
  Metrics metrics_;
  CountingEnv files_;
  std::atomic<int64_t> clock_{0};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<Generator> generator_;
  Rollups hours_;
  Rollups days_;
};

void Run(Flags flags) {
  flags.generator.end = EndOf(flags);
  flags.generator.corpus = CorpusPath();
  Simulation simulation(flags, flags.generator.end);
  simulation.Run();
  simulation.Report();
  simulation.ReportReopening();
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  flags.generator.days = 1;
  CLI::App app(
      "Measures what rollup costs and how much is written to the disk, with samples that come as "
      "they would come to a server: flush by flush, the store's clock with them");
  app.add_option("--dir", flags.dir, "Directory of the new store, on a disk")->required();
  app.add_option("--days", flags.generator.days, "How many days of samples")
      ->check(CLI::Range(1, 90))
      ->capture_default_str();
  app.add_option("--scale", flags.generator.samples_per_day, "Samples a day and profile type")
      ->capture_default_str();
  app.add_option("--flushes-a-minute", flags.flushes_a_minute,
                 "Flushes a minute of samples; a server's are 60")
      ->check(CLI::IsMember({1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60}))
      ->capture_default_str();
  app.add_option("--seed", flags.generator.seed, "The same seed gives the same samples")
      ->capture_default_str();
  app.add_option("--end", flags.end, "End of the last day, a midnight")->capture_default_str();
  app.add_option("--results", flags.results, "File that rows of the table are appended to");
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Run(flags);
  return 0;
}
