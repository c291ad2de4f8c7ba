// An OpenTelemetry request for profiles (proto/compat/otlp_profiles.proto), taken apart: where in
// its bytes the entries of the dictionary and the resources' profiles lie. Nothing is copied, and
// what is kept is a few bytes for each entry.
//
// Thread safety: const methods may be called from several threads. The bytes outlive it.
#ifndef FLAMEKEEP_INGEST_OTLP_TABLES_H_
#define FLAMEKEEP_INGEST_OTLP_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingest/address_frame.h"

namespace flamekeep::ingest {

// Fields of ProfilesDictionary.
enum class OtlpTable : uint8_t {
  kMapping = 1,
  kLocation = 2,
  kFunction = 3,
  kLink = 4,
  kString = 5,
  kAttribute = 6,
  kStack = 7,
};

class OtlpTables {
 public:
  struct Location {
    uint64_t mapping = 0;
    uint64_t address = 0;
    std::string_view message;  // for its lines
  };
  struct Function {
    std::string_view name;
    std::string_view file;
  };

  // Errors: INVALID_ARGUMENT where the bytes are no such request.
  static absl::StatusOr<OtlpTables> Read(std::string_view request);

  size_t size() const { return request_.size(); }
  size_t CountOf(OtlpTable table) const { return EntriesOf(table).size(); }
  // Calls `use` with each ResourceProfiles; stops at an error.
  absl::Status ForEachResource(
      absl::FunctionRef<absl::Status(std::string_view resource_profiles)> use) const;

  // Nothing where the table has no such entry, its bytes are broken, or a text that it refers to is
  // not there.
  std::optional<std::string_view> At(OtlpTable table, uint64_t index) const;
  std::optional<std::string_view> String(uint64_t index) const {
    return At(OtlpTable::kString, index);
  }
  std::optional<Location> LocationAt(uint64_t index) const;
  std::optional<MappedFile> MappingAt(uint64_t index) const;
  std::optional<Function> FunctionAt(uint64_t index) const;
  // The text of an AnyValue that can be a label's: a string, here or in the string table, a whole
  // number or a boolean. Nothing for all else.
  std::optional<std::string> LabelValue(std::string_view any_value) const;

 private:
  explicit OtlpTables(std::string_view request) : request_(request) {}

  const std::vector<uint32_t>& EntriesOf(OtlpTable table) const {
    return tables_[static_cast<size_t>(table)];
  }
  bool ReadDictionary(std::string_view dictionary);

  std::string_view request_;
  // By field; where the lengths of the entries stand. A dictionary may come in pieces.
  std::array<std::vector<uint32_t>, static_cast<size_t>(OtlpTable::kStack) + 1> tables_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_OTLP_TABLES_H_
