// Draws from a Pitman-Yor process in constant time a draw: the long tail of stack samples.
//
// A draw is one of the `n` earlier ones, picked uniformly, or (with the probability concentration /
// (n + concentration)) something new. A pick that was the first of its kind is turned into
// something new with the probability `discount`. So a kind that was drawn c times is drawn again
// with a probability proportional to c - discount, and something new comes with a probability
// proportional to concentration + discount x kinds: exactly the process, without counts or trees.
//
// Beyond `capacity` draws only a uniform sample of the earlier ones is kept (a reservoir). The
// expected probabilities stay the same; kinds that are so rare that they have left the sample are
// not drawn again, and those of the same rarity that stayed are drawn more often in their place.
//
// Thread safety: none.
#ifndef FLAMEKEEP_BENCH_SUPPORT_PITMAN_YOR_H_
#define FLAMEKEEP_BENCH_SUPPORT_PITMAN_YOR_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/support/random.h"

namespace flamekeep::bench {

class PitmanYor {
 public:
  struct Options {
    double discount = 0.62;
    uint64_t concentration = 5200;
    size_t capacity = size_t{1} << 28;  // of the reservoir, 4 bytes each
  };

  PitmanYor(const Options& options, uint64_t seed) : options_(options), random_(seed) { Reserve(); }

  // Takes in a draw that was made elsewhere; `first` of its kind. REQUIRES: kind < 2^31, as for the
  // results of `make` below.
  void Observe(uint32_t kind, bool first) { Keep(Place(draws_), kind << 1 | (first ? 1 : 0)); }

  // Makes `count` draws: calls visit(kind) for each, and make() for the number of a new kind.
  // `make` may call Earlier().
  template <typename Make, typename Visit>
  void Draw(uint64_t count, Make&& make, Visit&& visit) {
    while (count > 0) {
      const size_t batch = std::min<uint64_t>(count, kBatch);
      Prepare(batch);
      for (size_t i = 0; i < batch; ++i) {
        const Pick& pick = picks_[i];
        uint32_t entry = pick.read == kNew ? kFirst : kept_[pick.read];
        const bool fresh =
            pick.read == kNew || ((entry & kFirst) != 0 && random_.Chance(options_.discount));
        entry = fresh ? make() << 1 | kFirst : entry & ~kFirst;
        Keep(pick.write, entry);
        visit(entry >> 1);
      }
      count -= batch;
    }
  }

  // The kind of an earlier draw, picked uniformly. REQUIRES: there is one.
  uint32_t Earlier() { return kept_[random_.Below(kept_.size())] >> 1; }

  uint64_t draws() const { return draws_; }

 private:
  static constexpr size_t kBatch = 64;  // draws whose memory is fetched together
  static constexpr uint32_t kFirst = 1;
  static constexpr uint64_t kNew = UINT64_MAX;
  static constexpr uint64_t kNowhere = UINT64_MAX;

  struct Pick {
    uint64_t read;   // place of the earlier draw, or kNew
    uint64_t write;  // place where this draw is kept, or kNowhere
  };

  void Reserve();

  // Where the draw after `draws` others is kept.
  uint64_t Place(uint64_t draws) {
    if (draws < options_.capacity) return draws;
    const uint64_t place = random_.Below(draws + 1);
    return place < options_.capacity ? place : kNowhere;
  }

  void Keep(uint64_t place, uint32_t entry) {
    ++draws_;
    if (place == kNowhere) return;
    if (place == kept_.size()) {
      kept_.push_back(entry);
    } else {
      kept_[place] = entry;
    }
  }

  // Picks for the next draws. A pick may be of a draw in the same batch: it is read in its turn.
  void Prepare(size_t batch) {
    for (size_t i = 0; i < batch; ++i) {
      const uint64_t draws = draws_ + i;
      Pick& pick = picks_[i];
      pick.read = random_.Below(draws + options_.concentration);
      if (pick.read >= draws) {
        pick.read = kNew;
      } else if (draws > options_.capacity) {
        pick.read = random_.Below(options_.capacity);
      }
      pick.write = Place(draws);
      if (pick.read < kept_.size()) __builtin_prefetch(&kept_[pick.read]);
      if (pick.write < kept_.size()) __builtin_prefetch(&kept_[pick.write], 1);
    }
  }

  const Options options_;
  Random random_;
  uint64_t draws_ = 0;
  std::vector<uint32_t> kept_;  // kind << 1 | first of its kind
  std::array<Pick, kBatch> picks_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_PITMAN_YOR_H_
