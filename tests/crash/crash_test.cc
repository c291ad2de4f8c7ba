// Kills a writing process with SIGKILL at random moments, again and again in the same store, and
// proves after each kill that every acknowledged batch is there once and nothing is there in part.
//
// FLAMEKEEP_CRASH_ROUNDS sets the number of kills (200), FLAMEKEEP_CRASH_SEED the seed (random,
// printed).

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "storage/store_testing.h"
#include "tests/support/crash_batches.h"

extern char** environ;

namespace flamekeep::crash {
namespace {

using storage::MinuteRange;
using storage::StackValues;

// Then a new store is begun: the proof takes time in proportion to what is in the store.
constexpr int kRoundsPerStore = 25;
constexpr int kEnoughRounds = 20;  // some of the writers live long enough to write

int NumberFrom(const char* variable, int otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : std::atoi(value);
}

std::string WriterPath() {
  const char* directory = std::getenv("FLAMEKEEP_BIN_DIR");
  return std::string(directory != nullptr ? directory : "build/release/bin") + "/crash_writer";
}

// Runs the writer, kills it `life` after its first acknowledgement (or after its start if `early`),
// and returns what it printed.
std::string RunAndKill(const std::string& directory, unsigned seed, bool early,
                       absl::Duration life) {
  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
  std::string path = WriterPath();
  std::string seed_text = std::to_string(seed);
  std::string directory_text = directory;
  std::array<char*, 4> arguments = {path.data(), directory_text.data(), seed_text.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(), environ), 0)
      << path;
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_fds[1]);

  std::string output;
  absl::Notification acknowledged;
  std::thread reader([&] {
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = read(pipe_fds[0], buffer.data(), buffer.size())) > 0) {
      output.append(buffer.data(), static_cast<size_t>(got));
      if (!acknowledged.HasBeenNotified()) acknowledged.Notify();
    }
  });
  if (!early) acknowledged.WaitForNotificationWithTimeout(absl::Seconds(30));
  absl::SleepFor(life);
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "the writer ended by itself";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  reader.join();
  close(pipe_fds[0]);
  return output;
}

// What must be in the store, from the positions that were found in it.
class Expected {
 public:
  // Takes in the batches up to `number`.
  void Advance(int source, uint64_t number) {
    for (uint64_t& at = numbers_[source]; at < number;) {
      const CrashBatch batch = MakeBatch(source, ++at);
      for (const CrashSample& sample : batch.samples) {
        const storage::Minute minute = storage::BucketAt(batch.resolution, sample.minute).start;
        samples_[{SourceOf(source).site, sample.profile}].push_back(
            {minute, sample.folded, sample.value});
      }
    }
  }

  StackValues Sum(const std::string& site, const std::string& profile, MinuteRange range) const {
    StackValues sum;
    const auto it = samples_.find({site, profile});
    if (it == samples_.end()) return sum;
    for (const Sample& sample : it->second) {
      if (range.Contains(sample.minute)) sum[sample.folded] += sample.value;
    }
    return sum;
  }

  uint64_t samples() const {
    uint64_t count = 0;
    for (const auto& [series, samples] : samples_) count += samples.size();
    return count;
  }

 private:
  struct Sample {
    storage::Minute minute;
    std::string folded;
    uint64_t value;
  };
  std::map<int, uint64_t> numbers_;
  std::map<std::pair<std::string, std::string>, std::vector<Sample>> samples_;
};

TEST(CrashTest, EveryAcknowledgedSampleIsThereOnce) {
  const int rounds = NumberFrom("FLAMEKEEP_CRASH_ROUNDS", 200);
  const auto seed = static_cast<unsigned>(
      NumberFrom("FLAMEKEEP_CRASH_SEED", static_cast<int>(std::random_device{}() % 1'000'000)));
  std::printf("seed %u, %d kills\n", seed, rounds);
  std::mt19937 random(seed);
  std::unique_ptr<storage::TestDirectory> directory;
  std::array<uint64_t, kSources> acknowledged{};
  Expected expected;
  uint64_t batches = 0;
  uint64_t samples = 0;

  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(fmt::format("seed {} round {}", seed, round));
    if (round % kRoundsPerStore == 0) {
      directory = std::make_unique<storage::TestDirectory>();
      acknowledged.fill(0);
      expected = Expected();
    }
    // Some die while they open the store.
    const bool early = random() % 6 == 0;
    const int life = 1 + static_cast<int>(random() % (early ? 30 : 120));
    std::istringstream output(RunAndKill(directory->path(),
                                         seed + static_cast<unsigned>(round) * 100, early,
                                         absl::Milliseconds(life)));
    int source = 0;
    uint64_t number = 0;
    while (output >> source >> number) {
      acknowledged[static_cast<size_t>(source)] =
          std::max(acknowledged[static_cast<size_t>(source)], number);
    }

    storage::TestStore store(CrashStoreOptions(directory->path()));
    for (int i = 0; i < kSources; ++i) {
      const auto position = store->AcceptedPosition(*store->InternSource(SourceOf(i)));
      const uint64_t stored = position.has_value() ? position->number : 0;
      ASSERT_GE(stored, acknowledged[static_cast<size_t>(i)]) << "source " << i << " lost batches";
      expected.Advance(i, stored);
    }
    const absl::Time end = CrashStoreOptions("").now();
    for (const char* site : {"eqiad", "codfw"}) {
      for (const char* profile : {"excimer", "excimer-wall"}) {
        // All of it, and some range.
        for (const absl::Duration span :
             {absl::Hours(24 * 366), absl::Minutes(static_cast<int>(random() % 9000))}) {
          storage::Plan plan;
          const absl::Time begin = end - span - absl::Minutes(1);
          const StackValues sum = store.Sum(profile, begin, end, &plan, {site});
          ASSERT_EQ(sum, expected.Sum(site, profile, plan.covered));
        }
      }
    }
    if ((round + 1) % kRoundsPerStore == 0 || round + 1 == rounds) {
      ASSERT_THAT(*store->Check(), testing::IsEmpty());
      batches = std::accumulate(acknowledged.begin(), acknowledged.end(), batches);
      samples += expected.samples();
    }
  }
  std::printf("kills %d, acknowledged batches %lu, samples %lu, lost 0, doubled 0\n", rounds,
              static_cast<unsigned long>(batches), static_cast<unsigned long>(samples));
  // A few writers may all die before they have written.
  if (rounds >= kEnoughRounds) {
    EXPECT_GT(batches, static_cast<uint64_t>(rounds)) << "the writers hardly wrote";
  }
}

}  // namespace
}  // namespace flamekeep::crash
