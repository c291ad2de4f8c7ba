// A batch of lines as a client sends it.
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_PUSH_BATCH_H_
#define FLAMEKEEP_INGEST_PUSH_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flamekeep::ingest {

inline constexpr size_t kMaxBatchBytes = size_t{4} << 20;      // as sent
inline constexpr size_t kMaxUnpackedBytes = size_t{16} << 20;  // of a zstd batch
inline constexpr size_t kMaxCursorBytes = size_t{4} << 10;
inline constexpr size_t kMaxBatchIdBytes = 128;

enum class Compression : uint8_t { kNone, kZstd };

struct PushBatch {
  uint64_t number = 0;  // 1 for the first, then without a gap
  std::string_view lines;
  Compression compression = Compression::kNone;
  std::string cursor;
  struct Replace {
    bool last = false;
    bool subtract_finer = false;
  };
  std::optional<Replace> replace;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_BATCH_H_
