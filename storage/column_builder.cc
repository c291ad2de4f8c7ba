#include "storage/column_builder.h"

#include <algorithm>

namespace flamekeep::storage {

BuiltColumn BuildColumn(std::vector<Pair> pairs, uint64_t observations,
                        const Dictionary& dictionary) {
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return a.stack > b.stack; });
  BuiltColumn column;
  ColumnHeader& header = column.header;
  header.observations = observations;
  std::vector<uint32_t> stacks;
  std::vector<unsigned __int128> sums;
  size_t kept = 0;
  for (size_t i = 0; i < pairs.size();) {
    const uint32_t stack = pairs[i].stack;
    unsigned __int128 sum = 0;
    for (; i < pairs.size() && pairs[i].stack == stack; ++i) sum += pairs[i].value;
    if (sum == 0) continue;
    if (sum > UINT64_MAX) header.saturated = true;
    const uint64_t value = sum > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(sum);
    header.total = SaturatingAdd(header.total, value, &header.saturated);
    pairs[kept++] = {stack, value};
    stacks.push_back(stack);
    sums.push_back(sum);
  }
  pairs.resize(kept);
  header.pairs = static_cast<uint32_t>(kept);
  if (kept == 0) return column;
  std::vector<unsigned __int128> hashes(kept);
  dictionary.StackHashes(stacks, hashes.data());
  for (size_t i = 0; i < kept; ++i) header.digest += sums[i] * hashes[i];
  column.encoded = EncodeColumn(header, pairs);
  return column;
}

}  // namespace flamekeep::storage
