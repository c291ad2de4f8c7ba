// What the tests of keys and records share. gtest only.
#ifndef FLAMEKEEP_STORAGE_FORMAT_TESTING_H_
#define FLAMEKEEP_STORAGE_FORMAT_TESTING_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>

#include "base/status.h"
#include "storage/codec_testing.h"

namespace flamekeep::storage {

// Cutting `good` short, lengthening it and random bytes all must end in DATA_LOSS or in a value
// that encodes to the same bytes.
template <typename Decode, typename Encode>
void TestMalformed(const std::string& good, const Decode& decode, const Encode& encode) {
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(IsDataLoss(decode(good.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(IsDataLoss(decode(good + '\0').status()));
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned flips = random() % 4 + 1; flips > 0; --flips) {
      bytes[random() % bytes.size()] =
          static_cast<char>(random() % 4 == 0 ? random() : random() % 4);
    }
    const auto decoded = decode(bytes);
    if (decoded.ok()) {
      EXPECT_EQ(Hex(encode(*decoded)), Hex(bytes));
    } else {
      EXPECT_TRUE(IsDataLoss(decoded.status()));
    }
  }
}

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FORMAT_TESTING_H_
