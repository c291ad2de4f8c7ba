// Columns like those of a large wiki, for benchmarks: 3 million samples a day of one profile type,
// split into 12 series, in a store that has taken in two types for 150 days.
//
// The stacks follow a Pitman-Yor process (d = 0.62, theta = 5200, fitted to real MediaWiki
// samples): a sample is either of a new stack or of that of an earlier sample. Which one is a
// function of the sample's number, so that a day far from the start needs no memory of those
// before.
#ifndef FLAMEKEEP_STORAGE_SAMPLE_COLUMNS_H_
#define FLAMEKEEP_STORAGE_SAMPLE_COLUMNS_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "storage/column.h"

namespace flamekeep::storage {

inline constexpr uint64_t kSamplesADay = 3'000'000;

class SampleColumns {
 public:
  SampleColumns() {
    for (size_t i = 0; i < chance_of_new_.size(); ++i) {
      const auto number = std::bit_cast<float>(static_cast<uint32_t>(i) << kDroppedBits);
      chance_of_new_[i] = std::pow(1 + static_cast<double>(number) / kTheta, kD - 1);
    }
  }

  // The columns of the 12 series in `buckets` buckets of `samples` samples each, bucket by bucket.
  std::vector<std::vector<Pair>> Make(uint64_t samples, uint64_t buckets) const {
    std::vector<std::vector<Pair>> columns;
    uint64_t number = 150 * kSamplesADay;
    for (uint64_t bucket = 0; bucket < buckets; ++bucket) {
      std::array<std::vector<uint32_t>, kSeries> births;
      for (uint64_t end = number + samples; number < end; ++number) {
        const uint64_t birth = Birth(number);
        births[Series(birth, number)].push_back(static_cast<uint32_t>(birth));
      }
      for (std::vector<uint32_t>& series : births) {
        if (!series.empty()) columns.push_back(Count(&series));
      }
    }
    return columns;
  }

 private:
  static constexpr double kD = 0.62;
  static constexpr double kTheta = 5200;
  static constexpr double kIdsForAStack = 2 * 2.4;  // types x nodes of the tree
  static constexpr size_t kSeries = 12;
  static constexpr int kDroppedBits = 19;  // of a float's 23: steps of 6 %

  class Random {
   public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t Next() {  // splitmix64
      uint64_t x = state_ += 0x9E3779B97F4A7C15;
      x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
      x = (x ^ x >> 27) * 0x94D049BB133111EB;
      return x ^ x >> 31;
    }
    double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

   private:
    uint64_t state_;
  };

  bool IsNew(uint64_t number, Random* random) const {
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(number));
    return random->Uniform() < chance_of_new_[bits >> kDroppedBits];
  }

  // The first sample of the stack of a sample.
  uint64_t Birth(uint64_t number) const {
    for (;;) {
      Random random(number);
      if (IsNew(number, &random)) return number;
      for (;;) {
        const uint64_t earlier = random.Next() % number;
        Random other(earlier);
        if (IsNew(earlier, &other) && random.Uniform() < kD) continue;
        number = earlier;
        break;
      }
    }
  }

  // A stack belongs to one entry point, a sample to one of two sites.
  static size_t Series(uint64_t birth, uint64_t number) {
    constexpr std::array kEntryPoints = {0.5, 0.76, 0.866, 0.959, 0.998};
    const double entry_point = Random(birth ^ 0x5eed).Uniform();
    const double site = Random(number ^ 0x517e).Uniform();
    const auto place = std::upper_bound(kEntryPoints.begin(), kEntryPoints.end(), entry_point);
    return static_cast<size_t>(place - kEntryPoints.begin()) + (site < 0.6 ? 0 : kSeries / 2);
  }

  static std::vector<Pair> Count(std::vector<uint32_t>* births) {
    std::sort(births->begin(), births->end());
    std::vector<Pair> pairs;
    uint32_t last = UINT32_MAX;
    for (const uint32_t birth : *births) {
      if (birth == last) {
        ++pairs.back().value;
        continue;
      }
      last = birth;
      // How many stacks there are at that time, on the average.
      const double stacks = kTheta / kD * (std::pow(1 + birth / kTheta, kD) - 1);
      const auto id = static_cast<uint32_t>(stacks * kIdsForAStack);
      pairs.push_back({pairs.empty() ? id : std::max(id, pairs.back().stack + 1), 1});
    }
    std::reverse(pairs.begin(), pairs.end());
    return pairs;
  }

  std::array<double, (size_t{1} << (31 - kDroppedBits))> chance_of_new_;
};

inline std::string EncodeSampleColumn(const std::vector<Pair>& pairs) {
  ColumnHeader header;
  for (const Pair& pair : pairs) {
    header.observations += pair.value;
    // Incompressible, as real digests are.
    header.digest += (Digest{0x9E3779B97F4A7C15} << 64 | 0xBF58476D1CE4E5B9) * pair.value *
                     (Digest{pair.stack} * pair.stack + 1);
  }
  return EncodeColumn(header, pairs);
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_SAMPLE_COLUMNS_H_
