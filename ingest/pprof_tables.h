// The tables of a pprof profile: where in its bytes each text, function, location and mapping lies.
// Nothing is copied, and what is kept is a few bytes for each entry, however the profile was made.
//
// Entries refer to each other by id or index, in any order, and samples stand before the tables
// that they need; so the tables are read first. References that lead nowhere are the business of
// whoever follows them.
//
// Thread safety: const methods may be called from several threads. The bytes outlive it.
#ifndef FLAMEKEEP_INGEST_PPROF_TABLES_H_
#define FLAMEKEEP_INGEST_PPROF_TABLES_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingest/address_frame.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {

inline constexpr size_t kMaxSampleTypes = 64;
inline constexpr size_t kMaxMappings = 65'536;

// Fields of Profile that are read (proto/compat/pprof.proto).
enum class PprofField : uint32_t {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kPeriodType = 11,
};

class PprofTables {
 public:
  struct ValueType {
    std::string_view type;
    std::string_view unit;
  };
  struct Mapping {
    uint64_t id = 0;
    MappedFile file;
  };
  struct Location {
    uint64_t mapping = 0;
    uint64_t address = 0;
    std::string_view message;  // for its lines
  };
  struct Function {
    std::string_view name;
    std::string_view file;
  };

  // Errors: INVALID_ARGUMENT where the bytes are no profile, or it has too many sample types or
  // mappings.
  static absl::StatusOr<PprofTables> Read(std::string_view profile);

  const std::vector<ValueType>& sample_types() const { return sample_types_; }
  const ValueType& period_type() const { return period_type_; }
  int64_t time_nanos() const { return time_nanos_; }
  int64_t duration_nanos() const { return duration_nanos_; }
  uint64_t sample_count() const { return sample_count_; }

  // Nothing where there is none.
  std::optional<std::string_view> String(uint64_t index) const;
  const Mapping* FindMapping(uint64_t id) const;
  // A location's place among all, for notes beside it; and what is there.
  std::optional<uint32_t> LocationIndex(uint64_t id) const { return IndexOf(locations_, id); }
  std::optional<uint32_t> FunctionIndex(uint64_t id) const { return IndexOf(functions_, id); }
  size_t location_count() const { return locations_.entries.size(); }
  size_t function_count() const { return functions_.entries.size(); }
  // Nothing where its bytes are broken, or a name that it refers to is not there.
  std::optional<Location> LocationAt(uint32_t index) const;
  std::optional<Function> FunctionAt(uint32_t index) const;

 private:
  // (id, where the message begins), ordered by id.
  struct Index {
    std::vector<std::pair<uint64_t, uint32_t>> entries;
    bool dense = false;  // ids are 1, 2, 3, ...
  };

  explicit PprofTables(std::string_view profile) : profile_(profile) {}

  absl::Status ReadFields();
  absl::Status ReadTypes();
  static void Finish(Index* index);
  static std::optional<uint32_t> IndexOf(const Index& index, uint64_t id);
  // Of the message that the reader stands at.
  bool AddMessage(const ProtoReader& reader, Index* index) const;
  std::optional<Mapping> ReadMapping(std::string_view message) const;
  // The message or text whose length stands at `offset`.
  std::string_view BytesAt(uint32_t offset) const;
  uint32_t OffsetOf(const ProtoReader& reader) const {
    return static_cast<uint32_t>(reader.length_at() - profile_.data());
  }

  std::string_view profile_;
  std::vector<std::string_view> type_messages_;
  std::string_view period_message_;
  std::vector<ValueType> sample_types_;
  ValueType period_type_;
  int64_t time_nanos_ = 0;
  int64_t duration_nanos_ = 0;
  uint64_t sample_count_ = 0;
  std::vector<uint32_t> strings_;  // offsets of their lengths
  std::vector<std::string_view> mapping_messages_;
  std::vector<Mapping> mappings_;  // by id
  Index locations_;
  Index functions_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PPROF_TABLES_H_
