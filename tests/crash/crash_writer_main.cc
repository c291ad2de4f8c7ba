// The program that the crash test kills: appends batches from where the store stands, rolls up and
// compacts meanwhile, and prints "<source> <number>" for each batch that is durable.
//
//   crash_writer DIRECTORY SEED

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "storage/store_testing.h"
#include "tests/support/crash_batches.h"

namespace flamekeep::crash {
namespace {

void Acknowledge(int source, uint64_t number) {
  const std::string line = fmt::format("{} {}\n", source, number);
  // One write is one line: the verifier may kill us at any moment.
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
}

storage::Batch ToBatch(storage::TestStore* store, int source, storage::SourceId id,
                       uint64_t number) {
  const std::string site = SourceOf(source).site;
  const CrashBatch made = MakeBatch(source, number);
  storage::Batch batch;
  batch.source = id;
  batch.resolution = made.resolution;
  batch.position = storage::Position{number, std::to_string(number)};
  for (const CrashSample& sample : made.samples) {
    batch.samples.push_back(store->MakeSample(storage::TimeOf(sample.minute), sample.profile,
                                              sample.folded, sample.value, site));
  }
  return batch;
}

void Write(storage::TestStore* store, int source, unsigned seed) {
  std::mt19937 random(seed + static_cast<unsigned>(source));
  const storage::SourceId id = *(*store)->InternSource(SourceOf(source));
  const std::optional<storage::Position> position = (*store)->AcceptedPosition(id);
  uint64_t number = position.has_value() ? position->number : 0;
  while (true) {
    // Sometimes a batch is delivered again, as a client does that is not sure.
    if (number > 0 && random() % 5 == 0) {
      (void)(*store)->Append(ToBatch(store, source, id, number));
    }
    ++number;
    const absl::StatusOr<storage::Ticket> ticket =
        (*store)->Append(ToBatch(store, source, id, number));
    if (!ticket.ok()) {
      std::fprintf(stderr, "%s\n", ticket.status().ToString().c_str());
      std::abort();
    }
    (*store)->OnDurable(*ticket, [source, number] { Acknowledge(source, number); });
    if (random() % 4 == 0) absl::SleepFor(absl::Milliseconds(random() % 4));
  }
}

void Maintain(storage::TestStore* store, unsigned seed) {
  std::mt19937 random(seed);
  while (true) {
    absl::SleepFor(absl::Milliseconds(random() % 30));
    (void)(*store)->RunMaintenance(/*force=*/true);
    if (random() % 8 == 0) (void)(*store)->Compact();
  }
}

}  // namespace
}  // namespace flamekeep::crash

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto seed = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  flamekeep::storage::TestStore store(flamekeep::crash::CrashStoreOptions(argv[1]));
  std::vector<std::thread> threads;
  for (int source = 0; source < flamekeep::crash::kSources; ++source) {
    threads.emplace_back([&store, source, seed] { flamekeep::crash::Write(&store, source, seed); });
  }
  flamekeep::crash::Maintain(&store, seed);
}
