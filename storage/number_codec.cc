#include "storage/number_codec.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/cpu_clones.h"
#include "storage/bits.h"

namespace flamekeep::storage {
namespace {

constexpr int kMaxGolombParameter = 63;

// kMasks[n] has the n lowest bits.
constexpr std::array<uint64_t, 65> kMasks = [] {
  std::array<uint64_t, 65> masks{};
  for (size_t bits = 1; bits < masks.size(); ++bits) masks[bits] = masks[bits - 1] << 1 | 1;
  return masks;
}();

size_t CountFrom(absl::Span<const uint64_t> numbers, uint64_t least) {
  size_t count = 0;
  for (const uint64_t number : numbers) count += number >= least ? 1 : 0;
  return count;
}

// The Golomb parameter is the width of the median: one more would lengthen what is below it, one
// less what is above it.
int GolombParameter(absl::Span<const uint64_t> numbers) {
  std::array<size_t, 65> widths{};
  for (const uint64_t number : numbers) ++widths[static_cast<size_t>(std::bit_width(number))];
  size_t above = numbers.size() - widths[0];
  size_t parameter = 0;
  while (above > numbers.size() / 2 && parameter < kMaxGolombParameter) {
    above -= widths[++parameter];
  }
  return static_cast<int>(parameter);
}

// The same question for a reader, which only needs to count.
bool IsGolombParameter(int parameter, absl::Span<const uint64_t> numbers) {
  const size_t half = numbers.size() / 2;
  return (parameter == kMaxGolombParameter ||
          CountFrom(numbers, uint64_t{1} << parameter) <= half) &&
         (parameter == 0 || CountFrom(numbers, uint64_t{1} << (parameter - 1)) > half);
}

// Numbers whose unary parts are looked at together.
constexpr size_t kLogBlock = 8;

bool ReadLogs(std::string_view* in, absl::Span<uint8_t> logs) {
  BitReader bits(*in);
  for (size_t first = 0; first < logs.size(); first += kLogBlock) {
    const size_t size = std::min(kLogBlock, logs.size() - first);
    uint64_t window = bits.Peek();
    if (static_cast<size_t>(std::popcount(window)) >= size) [[likely]] {
      int next = 0;
      const auto read = [&](size_t n) {
        for (size_t i = 0; i < n; ++i) {
          const int end = __builtin_ctzll(window);
          window &= window - 1;
          logs[first + i] = static_cast<uint8_t>(end - next);
          next = end + 1;
        }
      };
      if (size == kLogBlock) {
        read(kLogBlock);
      } else {
        read(size);
      }
      bits.Skip(next);
      continue;
    }
    for (size_t i = first; i < first + size; ++i) {
      int zeros = 0;
      for (; bits.Peek() % 2 == 0; bits.Skip(1)) {
        if (++zeros == 64) return false;
      }
      bits.Skip(1);
      logs[i] = static_cast<uint8_t>(zeros);
    }
  }
  return bits.Finish(in);
}

}  // namespace

void PackNumbers(absl::Span<const uint64_t> numbers, std::string* out) {
  if (numbers.empty()) return;
  const int parameter = GolombParameter(numbers);
  out->push_back(static_cast<char>(parameter));
  std::string low_bytes;
  BitWriter unary(out);
  BitWriter low(&low_bytes);
  for (const uint64_t number : numbers) {
    const uint64_t high = (number >> parameter) + 1;
    const int log = Log2(high);
    unary.PutUnary(log);
    low.Put(number & LowBits(parameter), parameter);
    low.Put(high & LowBits(log), log);
  }
  unary.Flush();
  low.Flush();
  out->append(low_bytes);
}

FLAMEKEEP_CPU_CLONES bool UnpackNumbers(std::string_view* in, absl::Span<uint64_t> numbers) {
  if (numbers.empty()) return true;
  if (in->empty()) return false;
  const int parameter = static_cast<uint8_t>(in->front());
  if (parameter > kMaxGolombParameter) return false;
  in->remove_prefix(1);
  std::array<uint8_t, kMaxPackedNumbers> logs;
  if (!ReadLogs(in, absl::MakeSpan(logs.data(), numbers.size()))) return false;

  BitReader bits(*in);
  bool fits = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int log = logs[i];
    if (log + parameter <= kLoadBits) [[likely]] {
      const uint64_t low =
          bits.Peek() & kMasks[static_cast<size_t>(log) + static_cast<size_t>(parameter)];
      numbers[i] = (kMasks[static_cast<size_t>(log)] << parameter) + low;
      bits.Skip(log + parameter);
    } else {
      const uint64_t low = bits.GetWide(parameter);
      const uint64_t high = bits.GetWide(log) + kMasks[static_cast<size_t>(log)];
      fits &= high <= UINT64_MAX >> parameter;
      numbers[i] = high << parameter | low;
      fits &= numbers[i] != UINT64_MAX;
    }
  }
  return fits && bits.Finish(in) && IsGolombParameter(parameter, numbers);
}

}  // namespace flamekeep::storage
