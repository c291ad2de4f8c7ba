// Fills a store with what years of Wikimedia's samples would leave in it.
//
//   * Stacks are drawn from a Pitman-Yor process (pitman_yor.h) that begins with the corpus; both
//     profile types and both sites share it. New ones branch off old ones (stack_pool.h).
//   * Every bucket's samples are drawn one by one and added up per stack, site and type, and
//   appended
//     as one sample with a value: a minute's where the store keeps minutes, else an hour's.
//   * Numbers of samples are Poisson around a daily and weekly rhythm (rhythm.h); 60 % are of the
//     first site. Each Tuesday a deployment renames functions.
//
// While it runs, the store's clock is the time that is being written, so that rollups happen as
// they would have.
//
// Thread safety: none.
#ifndef FLAMEKEEP_BENCH_SUPPORT_GENERATOR_H_
#define FLAMEKEEP_BENCH_SUPPORT_GENERATOR_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bench/support/bucket_counts.h"
#include "bench/support/pitman_yor.h"
#include "bench/support/random.h"
#include "bench/support/stack_pool.h"
#include "storage/store.h"

namespace flamekeep::bench {

inline constexpr std::array<std::string_view, 2> kProfileTypes = {"excimer", "excimer-wall"};
inline constexpr std::array<std::string_view, 2> kSites = {"eqiad", "codfw"};

struct GeneratorOptions {
  absl::Time end;
  uint32_t days = 7;
  double samples_per_day = 3e6;  // and profile type
  double deployed_share = 0.01;  // of all functions, a week
  uint64_t seed = 1;
  uint64_t reservoir = uint64_t{1} << 28;  // draws that are remembered
  storage::Minute minutes_from = 0;        // older samples are drawn an hour at a time
  std::string corpus;
};

class Generator {
 public:
  // Sets `*clock`, which is the store's, as it goes. Nothing is owned.
  Generator(const GeneratorOptions& options, storage::Store* store, std::atomic<int64_t>* clock);

  // Reads the corpus and makes the series.
  void Prepare();
  // Writes one day after the other; false at the end.
  bool NextDay();
  // Writes what a server takes between two flushes, of which there are so many a minute, and how
  // far the sources have been read; the clock is its end. False at the end. One store is written by
  // days or by flushes.
  bool NextFlush(uint32_t flushes_a_minute);

  uint32_t day() const { return day_; }
  uint64_t samples() const { return samples_; }
  uint64_t pairs() const { return pairs_; }  // as appended
  uint32_t stacks() const { return pool_.size(); }

 private:
  void Deploy(storage::Minute day);
  void WriteHours(storage::Minute hour);
  void WriteMinutes(storage::Minute hour);
  // Draws the samples of so many minutes, or a part of one, into the batches of both sites.
  void DrawBucket(storage::Minute start, double minutes, size_t type);
  void Append(size_t type, storage::Level resolution, const storage::Progress& progress = {});
  uint32_t NewStack();

  const GeneratorOptions options_;
  storage::Store* const store_;
  std::atomic<int64_t>* const clock_;
  Random random_;
  PitmanYor process_;
  StackPool pool_;
  BucketCounts counts_;

  storage::Minute first_ = 0;  // of the first day
  uint32_t day_ = 0;
  uint32_t flush_ = 0;  // of the day
  uint64_t samples_ = 0;
  uint64_t pairs_ = 0;
  std::array<std::array<std::array<storage::SeriesId, kEntryPoints.size()>, kSites.size()>,
             kProfileTypes.size()>
      series_;
  std::array<std::array<storage::SourceId, kSites.size()>, kProfileTypes.size()> sources_;
  std::array<std::vector<storage::Sample>, kSites.size()> batches_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_GENERATOR_H_
