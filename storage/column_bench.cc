// Size and speed of the column codec at each level, beside those of streamvbyte and of varints
// (LEB128) with zstd. `file_bytes` are those of a RocksDB table for each pair, keys and all.

#include <benchmark/benchmark.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <streamvbyte.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "storage/column.h"
#include "storage/format.h"
#include "storage/merge_operator.h"
#include "storage/sample_columns.h"

namespace flamekeep::storage {
namespace {

struct Data {
  uint32_t start_minutes = 1;  // of a bucket
  std::vector<std::vector<Pair>> columns;
  size_t pairs = 0;
};

// 6 hours of minutes, 2 days of hours, 2 days.
const Data& DataOf(Level level) {
  static const SampleColumns* const samples = new SampleColumns;
  static std::map<Level, Data>* const cache = new std::map<Level, Data>;
  Data& data = (*cache)[level];
  if (!data.columns.empty()) return data;
  data.start_minutes = Bucket{level, 0}.end();
  const uint64_t count = level == Level::kMinute ? 360 : level == Level::kHour ? 48 : 2;
  data.columns = samples->Make(kSamplesADay * data.start_minutes / 1440, count);
  for (const std::vector<Pair>& column : data.columns) data.pairs += column.size();
  return data;
}

// Gaps and values less one, as the codecs that are compared take them.
struct Numbers {
  std::vector<uint32_t> gaps;
  std::vector<uint32_t> values;
};

Numbers NumbersOf(const std::vector<Pair>& pairs) {
  Numbers numbers;
  for (size_t i = 0; i < pairs.size(); ++i) {
    numbers.gaps.push_back(i == 0 ? pairs[i].stack : pairs[i - 1].stack - pairs[i].stack - 1);
    numbers.values.push_back(static_cast<uint32_t>(pairs[i].value - 1));
  }
  return numbers;
}

std::string WithHeader(const std::vector<Pair>& pairs, const std::string& content) {
  // The header of a column of one pair, for its digest, is as long as any but for two varints.
  return EncodeSampleColumn(pairs).substr(0, 20) + content;
}

struct Columns {
  static std::string Encode(const std::vector<Pair>& pairs) { return EncodeSampleColumn(pairs); }
  static uint64_t Decode(const std::string& encoded, size_t) {
    ColumnReader reader;
    if (!reader.Open(encoded).ok()) std::abort();
    uint64_t sum = 0;
    while (reader.Next()) sum += reader.stacks()[reader.size() - 1] + reader.value(0);
    if (!reader.status().ok()) std::abort();
    return sum;
  }
};

struct StreamVByte {
  static void Put(const std::vector<uint32_t>& numbers, std::string* out) {
    const auto count = static_cast<uint32_t>(numbers.size());
    std::string bytes(streamvbyte_max_compressedbytes(count), '\0');
    bytes.resize(
        streamvbyte_encode(numbers.data(), count, reinterpret_cast<uint8_t*>(bytes.data())));
    out->append(bytes);
  }
  static std::string Encode(const std::vector<Pair>& pairs) {
    const Numbers numbers = NumbersOf(pairs);
    std::string content;
    Put(numbers.gaps, &content);
    Put(numbers.values, &content);
    return WithHeader(pairs, content);
  }
  static uint64_t Decode(const std::string& encoded, size_t pairs) {
    static std::vector<uint32_t> stacks;
    static std::vector<uint32_t> values;
    const auto count = static_cast<uint32_t>(pairs);
    stacks.resize(pairs);
    values.resize(pairs);
    const auto* bytes = reinterpret_cast<const uint8_t*>(encoded.data()) + 20;
    bytes += streamvbyte_decode(bytes, stacks.data(), count);
    streamvbyte_decode(bytes, values.data(), count);
    for (size_t i = 1; i < pairs; ++i) stacks[i] = stacks[i - 1] - stacks[i] - 1;
    return stacks[pairs - 1] + values[0];
  }
};

struct Varints {
  static std::string Encode(const std::vector<Pair>& pairs) {
    const Numbers numbers = NumbersOf(pairs);
    std::string content;
    for (const uint32_t gap : numbers.gaps) PutVarint(gap, &content);
    for (const uint32_t value : numbers.values) PutVarint(value, &content);
    return WithHeader(pairs, content);
  }
  static uint64_t Decode(const std::string& encoded, size_t pairs) {
    static std::vector<uint32_t> numbers;
    numbers.resize(2 * pairs);
    std::string_view in = encoded;
    in.remove_prefix(20);
    for (uint32_t& number : numbers) {
      uint64_t value;
      if (!GetVarint(&in, &value)) std::abort();
      number = static_cast<uint32_t>(value);
    }
    for (size_t i = 1; i < pairs; ++i) numbers[i] = numbers[i - 1] - numbers[i] - 1;
    return numbers[pairs - 1];
  }
};

// The bytes of a table that holds the columns under the keys they would have.
double FileBytes(const Data& data, const std::vector<std::string>& encoded) {
  const std::string path = std::filesystem::temp_directory_path() /
                           ("flamekeep_column_bench." + std::to_string(::getpid()));
  rocksdb::Options options;
  options.compression = rocksdb::kZSTD;
  options.compression_opts.level = 3;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 64 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
  std::map<std::string, const std::string*> sorted;
  for (size_t i = 0; i < encoded.size(); ++i) {
    ColumnKey key;
    key.site = SiteId{static_cast<uint16_t>(1 + i % 12 / 6)};
    key.start = 28'000'000 + static_cast<Minute>(i / 12) * data.start_minutes;
    key.series = SeriesId{static_cast<uint32_t>(1 + i % 12)};
    key.source = SourceId{static_cast<uint32_t>(1 + i % 12 / 6)};
    sorted[EncodeColumnKey(key)] = &encoded[i];
  }
  if (!writer.Open(path).ok()) std::abort();
  for (const auto& [key, value] : sorted) {
    if (!writer.Put(key, *value).ok()) std::abort();
  }
  if (!writer.Finish().ok()) std::abort();
  const auto bytes = static_cast<double>(std::filesystem::file_size(path));
  std::filesystem::remove(path);
  return bytes;
}

Level LevelOf(const benchmark::State& state) { return static_cast<Level>(state.range(0)); }

template <typename Codec>
void BM_Decode(benchmark::State& state) {
  const Data& data = DataOf(LevelOf(state));
  std::vector<std::string> encoded;
  double bytes = 0;
  for (const std::vector<Pair>& column : data.columns) {
    encoded.push_back(Codec::Encode(column));
    bytes += static_cast<double>(encoded.back().size());
    // Where streamvbyte may read ahead.
    encoded.back().reserve(encoded.back().size() + 16);
  }
  for (auto _ : state) {
    uint64_t sum = 0;
    for (size_t i = 0; i < encoded.size(); ++i) {
      sum += Codec::Decode(encoded[i], data.columns[i].size());
    }
    benchmark::DoNotOptimize(sum);
  }
  const auto pairs = static_cast<double>(data.pairs);
  state.SetLabel(std::string(LevelName(LevelOf(state))));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(data.pairs));
  state.counters["bytes"] = bytes / pairs;
  state.counters["file_bytes"] = FileBytes(data, encoded) / pairs;
}
BENCHMARK_TEMPLATE(BM_Decode, Columns)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(BM_Decode, StreamVByte)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(BM_Decode, Varints)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

void BM_Encode(benchmark::State& state) {
  const Data& data = DataOf(LevelOf(state));
  for (auto _ : state) {
    for (const std::vector<Pair>& column : data.columns) {
      benchmark::DoNotOptimize(EncodeColumn({}, column));
    }
  }
  state.SetLabel(std::string(LevelName(LevelOf(state))));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(data.pairs));
}
BENCHMARK(BM_Encode)->DenseRange(0, 2)->Unit(benchmark::kMillisecond);

// A minute's column out of the merge operands of 60 flushes; a rate of merges.
void BM_MergeMinute(benchmark::State& state) {
  std::vector<std::string> operands;
  for (const std::vector<Pair>& column : SampleColumns().Make(kSamplesADay / 86400, 60 * 12)) {
    if (operands.size() < 60) operands.push_back(EncodeSampleColumn(column));
  }
  const ColumnMergeOperator op;
  const rocksdb::Slice key = "key";
  const std::vector<rocksdb::Slice> slices(operands.begin(), operands.end());
  const rocksdb::MergeOperator::MergeOperationInput in(key, nullptr, slices, nullptr);
  for (auto _ : state) {
    std::string value;
    rocksdb::Slice existing(nullptr, 0);
    rocksdb::MergeOperator::MergeOperationOutput out(value, existing);
    if (!op.FullMergeV2(in, &out)) std::abort();
    benchmark::DoNotOptimize(value);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MergeMinute)->Unit(benchmark::kMicrosecond);

// A rollup: the hour out of its minutes, the day out of its hours; a rate of pairs read.
void BM_Rollup(benchmark::State& state) {
  const Data& data = DataOf(LevelOf(state));
  const size_t count = LevelOf(state) == Level::kMinute ? 60 : 24;
  std::vector<std::string> encoded;
  size_t pairs = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::vector<Pair>& column = data.columns[i * 12];
    pairs += column.size();
    encoded.push_back(EncodeSampleColumn(column));
  }
  for (auto _ : state) {
    ColumnSum sum;
    for (const std::string& column : encoded) {
      if (!sum.Add(column).ok()) std::abort();
    }
    benchmark::DoNotOptimize(sum.Finish());
  }
  state.SetLabel(std::string(LevelName(LevelOf(state))));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(pairs));
}
BENCHMARK(BM_Rollup)->DenseRange(0, 1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flamekeep::storage
