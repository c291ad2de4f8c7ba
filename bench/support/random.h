// A fast seeded generator of random numbers: xoshiro256++, seeded through splitmix64. The same seed
// gives the same numbers everywhere.
//
// Thread safety: none.
#ifndef FLAMEKEEP_BENCH_SUPPORT_RANDOM_H_
#define FLAMEKEEP_BENCH_SUPPORT_RANDOM_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

namespace flamekeep::bench {

class Random {
 public:
  using result_type = uint64_t;

  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      uint64_t mixed = seed;
      mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
      word = mixed ^ mixed >> 31;
    }
  }

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return UINT64_MAX; }

  uint64_t operator()() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // 0 .. bound-1. REQUIRES: bound > 0. The bias is bound / 2^64.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>((*this)()) * bound >> 64);
  }
  // [0, 1)
  double Uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
  bool Chance(double probability) { return Uniform() < probability; }
  // 1, 2, 3, ... with this mean. REQUIRES: mean > 1.
  uint32_t Geometric(double mean) {
    return 1 + static_cast<uint32_t>(std::log1p(-Uniform()) / std::log1p(-1 / mean));
  }
  uint64_t Poisson(double mean) {
    if (mean <= 0) return 0;
    return std::poisson_distribution<uint64_t>(mean)(*this);
  }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_RANDOM_H_
