// Every byte that a store keeps on disk. docs/formats.md draws the same; golden tests pin it.
//
//   <store>/FORMAT      one line of text, "flamekeep store <kStoreFormat>\n"
//   <store>/rocksdb/    RocksDB: the column families below
//   <store>/derived/    memory-mapped files of the dictionary, rebuilt from RocksDB when missing
//
// Integers in keys are big endian, so that keys sort by them; integers in values are little endian
// or varints (LEB128). Strings in values are a varint length and the bytes. Enum values and tags
// never change their meaning; a new layout gets a new number.
//
// Decoders take any bytes: what is not well formed is a DATA_LOSS error, never a read outside.
#ifndef FLAMEKEEP_STORAGE_FORMAT_H_
#define FLAMEKEEP_STORAGE_FORMAT_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/batch_ids.h"
#include "storage/bucket.h"
#include "storage/ids.h"
#include "storage/progress.h"
#include "storage/registry.h"

namespace flamekeep::storage {

inline constexpr uint32_t kStoreFormat = 1;
inline constexpr uint8_t kMetaFormat = 1;  // of the records in "default"
inline constexpr uint8_t kColumnFormat = 1;
inline constexpr uint8_t kRunFormat = 1;
inline constexpr uint32_t kDerivedFormat = 1;

// Column families. "default" holds everything but columns and the dictionary.
inline constexpr std::string_view kDictionaryFamily = "dictionary";
inline constexpr std::array<std::string_view, kLevelCount> kLevelFamilies = {
    "minute", "hour", "day", "month", "year"};

// ---------------------------------------------------------------------------- primitive encodings

inline constexpr size_t kMaxVarintBytes = 10;

void PutVarint(uint64_t value, std::string* out);
void PutString(std::string_view value, std::string* out);
void PutFixed32(uint32_t value, std::string* out);  // little endian
void PutFixed64(uint64_t value, std::string* out);

// Takes a value off the front of `in`; false where it is cut short or malformed. A varint that is
// longer than its number needs is malformed: one number has one encoding.
bool GetVarint(std::string_view* in, uint64_t* value);
bool GetString(std::string_view* in, std::string_view* value);
bool GetFixed32(std::string_view* in, uint32_t* value);
bool GetFixed64(std::string_view* in, uint64_t* value);

// ------------------------------------------------------------------------- keys of level families

// Which half of a bucket a column is. Rolled parts are written by rollup alone (Put), direct parts
// by merge operands of data that come in at this level; at the minute level all parts are direct.
enum class Part : uint8_t { kDirect = 0, kRolled = 1 };

// 16 bytes: site u16 | bucket start u32 | series u32 | source u32 | part u8 | reserved 0 u8.
struct ColumnKey {
  SiteId site{};
  Minute start = 0;
  SeriesId series{};
  SourceId source = kAllSources;
  Part part = Part::kDirect;

  auto operator<=>(const ColumnKey&) const = default;
};
inline constexpr size_t kColumnKeyBytes = 16;

std::string EncodeColumnKey(const ColumnKey& key);
absl::StatusOr<ColumnKey> DecodeColumnKey(std::string_view encoded);
// The first possible key of a bucket of a site, and of a series in it.
std::string BucketPrefix(SiteId site, Minute start);                   // 6 bytes
std::string SeriesPrefix(SiteId site, Minute start, SeriesId series);  // 10 bytes

// ------------------------------------------------------------------ keys and values of "default"

enum class MetaTag : char {
  kFlush = 'f',     // "f" -> fixed64: number of the last flush
  kSite = 's',      // "s" site u16 -> string
  kSeries = 'e',    // "e" series u32 -> SeriesRecord
  kSource = 'o',    // "o" source u32 -> SourceKey record
  kPosition = 'p',  // "p" source u32 -> Position record
  kBatchId = 'i',   // "i" Unix milliseconds u64 | XXH3-128 of source and id, 16 bytes -> ""
  kStale = 'm',     // "m" level u8 | site u16 | bucket start u32 -> StaleMark
  kFloor = 'l',     // "l" level u8 | site u16 -> fixed32: first minute still kept at this level
  kDerived = 'd',   // "d" -> DerivedRecord: the dictionary's derived files
  kProgress = 'c',  // "c" source u32 -> ProgressRecord
  kCapped = 'k',    // "k" level u8 | site u16 -> fixed32: the floor, as `max_bytes` raised it last
  kGrowth = 'n',    // "n" day u32, since 1970 -> DictionaryRecord: the dictionary on that day
  kDeletion = 'x',  // "x" -> DeletionRecord: what is being deleted
  kGap = 'g',       // "g" source u32 | begin u64, Unix milliseconds -> end fixed64, reason u8
};

std::string MetaKey(MetaTag tag);
std::string MetaKey(MetaTag tag, uint16_t id);
std::string MetaKey(MetaTag tag, uint32_t id);
std::string StaleKey(SiteId site, const Bucket& bucket);
// `wanted`: kFloor or kCapped.
std::string FloorKey(SiteId site, Level level, MetaTag wanted = MetaTag::kFloor);
// The site and level of a key made by FloorKey().
absl::StatusOr<std::pair<SiteId, Level>> DecodeFloorKey(std::string_view key,
                                                        MetaTag wanted = MetaTag::kFloor);

// How large the dictionary was at a moment.
struct DictionaryRecord {
  int64_t unix_ms = 0;
  uint32_t frames = 0;
  uint32_t stacks = 0;
  uint64_t bytes = 0;  // of its files

  bool operator==(const DictionaryRecord&) const = default;
};
std::string EncodeDictionaryRecord(const DictionaryRecord& record);
absl::StatusOr<DictionaryRecord> DecodeDictionaryRecord(std::string_view encoded);
// The day of a key made by MetaKey(kGrowth, day).
absl::StatusOr<uint32_t> DecodeGrowthKey(std::string_view key);

// A deletion goes through these in turn, and from the start of one again after a crash.
enum class DeletionPhase : uint8_t {
  kColumns = 1,  // columns are being deleted: readers pass over those that are still there
  kNames = 2,    // columns are gone; names that none refers to are being blanked
  kFiles = 3,    // files that hold what was deleted are being rewritten
};
struct DeletionRecord {
  DeletionPhase phase = DeletionPhase::kColumns;
  MinuteRange range;
  std::vector<SeriesId> series;  // ascending

  // Whether a column in a bucket of `level` is one of those to be deleted.
  bool Covers(Level level, const ColumnKey& key) const;
  bool operator==(const DeletionRecord&) const = default;
};
std::string EncodeDeletion(const DeletionRecord& deletion);
absl::StatusOr<DeletionRecord> DecodeDeletion(std::string_view encoded);

struct SeriesRecord {
  SiteId site{};
  std::string profile_type;
  Labels labels;

  bool operator==(const SeriesRecord&) const = default;
};
std::string EncodeSeries(const SeriesRecord& series);
absl::StatusOr<SeriesRecord> DecodeSeries(std::string_view encoded);

std::string EncodeSource(const SourceKey& source);
absl::StatusOr<SourceKey> DecodeSource(std::string_view encoded);

// Format u8 | number varint | cursor string | accepted_s varint, left out where it is 0.
std::string EncodePosition(const Position& position);
absl::StatusOr<Position> DecodePosition(std::string_view encoded);
// The source of a key made by MetaKey(kPosition, source).
absl::StatusOr<SourceId> DecodePositionKey(std::string_view key);

std::string BatchIdKey(const BatchIdRecord& record);
absl::StatusOr<BatchIdRecord> DecodeBatchIdKey(std::string_view key);

std::string EncodeProgress(const ProgressRecord& record);
absl::StatusOr<ProgressRecord> DecodeProgress(std::string_view encoded);
// The source of a key made by MetaKey(kProgress, source).
absl::StatusOr<SourceId> DecodeProgressKey(std::string_view key);

std::string GapKey(SourceId source, int64_t begin_ms);
std::string EncodeGap(const Gap& gap);
absl::StatusOr<std::pair<SourceId, Gap>> DecodeGap(std::string_view key, std::string_view value);

// A bucket whose rolled part does not hold all that lies below it.
struct StaleMark {
  uint64_t generation = 0;    // the flush that touched the bucket last
  int64_t first_unix_ms = 0;  // when the mark was set
  int64_t last_unix_ms = 0;   // when the bucket was touched last

  bool operator==(const StaleMark&) const = default;
};
std::string EncodeStaleMark(const StaleMark& mark);
absl::StatusOr<StaleMark> DecodeStaleMark(std::string_view encoded);
// The site and bucket of a key made by StaleKey().
absl::StatusOr<std::pair<SiteId, Bucket>> DecodeStaleKey(std::string_view key);

// ------------------------------------------------------------------------------ dictionary family

// Runs: consecutive ids with their content. "F" first id u32 -> frame run; "S" first id u32 ->
// stack run. Together the runs of one kind hold every id from 1 on without a hole; the roots (id 0)
// are not written.
enum class RunTag : char { kFrames = 'F', kStacks = 'S' };
std::string RunKey(RunTag tag, uint32_t first_id);

struct FrameNames {
  std::string function;
  std::string file;

  bool operator==(const FrameNames&) const = default;
};
// Format u8 | count varint | per frame: function string, file string. A frame without both was
// blanked: no column refers to it.
std::string EncodeFrameRun(absl::Span<const FrameNames> frames);
absl::StatusOr<std::vector<FrameNames>> DecodeFrameRun(std::string_view encoded);

// Format u8 | count varint | bytes of the next part varint | streamvbyte of (id - parent) |
// streamvbyte of frame. REQUIRES: parents[i] < first_id + i.
std::string EncodeStackRun(uint32_t first_id, absl::Span<const uint32_t> parents,
                           absl::Span<const uint32_t> frames);
absl::Status DecodeStackRun(uint32_t first_id, std::string_view encoded,
                            std::vector<uint32_t>* parents, std::vector<uint32_t>* frames);

// What RocksDB names of <store>/derived/: the files, and nothing else in that folder counts.
struct DerivedRecord {
  uint32_t node_blocks = 0;  // nodes-00000000.fkn .. nodes-<node_blocks - 1>.fkn are complete
  struct Index {             // index-<first block>-<end block>.fki
    uint32_t first_block = 0;
    uint32_t end_block = 0;
    bool operator==(const Index&) const = default;
  };
  std::vector<Index> indexes;  // ascending, together covering [0, node_blocks)

  bool operator==(const DerivedRecord&) const = default;
};
std::string EncodeDerived(const DerivedRecord& derived);
absl::StatusOr<DerivedRecord> DecodeDerived(std::string_view encoded);

// Header of a derived file, 64 bytes, little endian, followed by the payload:
//   nodes file: kBlockNodes parents u32, kBlockNodes frames u32;
//   index file: a directory and entries, laid out as in dictionary_index.h.
struct DerivedHeader {
  std::array<char, 8> magic;  // "FKNODES\0" or "FKINDEX\0"
  uint32_t format = kDerivedFormat;
  uint32_t first_block = 0;
  uint32_t end_block = 0;
  uint32_t reserved = 0;
  uint64_t payload_bytes = 0;
  uint64_t entries = 0;
  uint64_t payload_xxh3 = 0;  // XXH3-64 of the payload
  uint64_t unused = 0;
  uint64_t header_xxh3 = 0;  // XXH3-64 of the 56 bytes before it
};
static_assert(sizeof(DerivedHeader) == 64);
inline constexpr std::array<char, 8> kNodesMagic = {'F', 'K', 'N', 'O', 'D', 'E', 'S', 0};
inline constexpr std::array<char, 8> kIndexMagic = {'F', 'K', 'I', 'N', 'D', 'E', 'X', 0};

// --------------------------------------------------------------------------------------- columns
//
// A column (see column.h for the meaning; written by column_writer.cc, read by column.cc):
//   format u8, kColumnFormat in the lowest 4 bits and flags above | pairs varint |
//   total - pairs varint | observations varint (with kColumnObservations; else they are the total)
//   | digest 16 bytes little endian | chunks
// A chunk of n pairs (kChunkPairs, fewer in the last one), ids descending:
//   in the first chunk the first id, then the distance from the id before, less one, varint |
//   n - 1 ids below the first | values
// The values of n pairs:
//   2 x others + (1 where a unit follows) varint | unit varint | others' places | others' values
//   The unit, 1 where it is left out, is the greatest common divisor of the values. The others are
//   the pairs whose value is not the unit: their places in the chunk as ids below n, last first;
//   their values as numbers value / unit - 2, in the same order.
// Bits are packed from the lowest bit of the first byte on; what fills a last byte is zero.
// Ids below a bound (id_codec.cc): gap = id before (the bound first) - id - 1, in blocks of 16
// gaps.
//   All blocks' unary parts as one sequence of bits, filled up to a byte:
//     change of the parameter as zigzag (0, -1, 1, -2, ... as 0, 1, 2, 3, ...) in unary, from
//     floor(log2(bound / count)) / 2 in the first block | gap >> parameter in unary, 16 times
//   then for each block, filled up to a byte: the `parameter` lowest bits of each gap.
//   The parameter is floor(log2(mean gap of the block)), 0 where that is below 1.
// Numbers (number_codec.cc), nothing where there are none:
//   parameter u8 | all numbers' floor(log2((number >> parameter) + 1)) in unary, filled up to a
//   byte | for each number, filled up at the end: its `parameter` lowest bits, and as many of the
//   lowest bits of (number >> parameter) + 1 as the unary part has zeros. The parameter is the
//   smallest for which at most half of the numbers are 2^parameter or more.
// Unary: as many zeros as the number says, then a one.
inline constexpr uint8_t kColumnSaturated = 16;     // some value or sum did not fit 64 bits
inline constexpr uint8_t kColumnObservations = 32;  // observations differ from the total
inline constexpr uint8_t kColumnFlags = kColumnSaturated | kColumnObservations;

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FORMAT_H_
