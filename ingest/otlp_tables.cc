#include "ingest/otlp_tables.h"

#include <limits>
#include <string>

#include "base/status.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {
namespace {

constexpr uint32_t kResourceProfilesField = 1;
constexpr uint32_t kDictionaryField = 2;

absl::Status NoRequest() {
  return InvalidArgument(
      "these bytes are no ExportProfilesServiceRequest of OpenTelemetry (v1development): send what "
      "its exporters send");
}

}  // namespace

absl::StatusOr<OtlpTables> OtlpTables::Read(std::string_view request) {
  if (request.size() > std::numeric_limits<uint32_t>::max()) return NoRequest();
  OtlpTables tables(request);
  ProtoReader reader(request);
  while (reader.Next()) {
    const uint32_t field = reader.field();
    if (field != kResourceProfilesField && field != kDictionaryField) continue;
    if (!reader.is_bytes()) return NoRequest();
    if (field == kDictionaryField && !tables.ReadDictionary(reader.bytes())) return NoRequest();
  }
  if (reader.broken()) return NoRequest();
  return tables;
}

bool OtlpTables::ReadDictionary(std::string_view dictionary) {
  ProtoReader reader(dictionary);
  while (reader.Next()) {
    if (reader.field() >= tables_.size()) continue;
    if (!reader.is_bytes()) return false;
    tables_[reader.field()].push_back(static_cast<uint32_t>(reader.length_at() - request_.data()));
  }
  return !reader.broken();
}

absl::Status OtlpTables::ForEachResource(
    absl::FunctionRef<absl::Status(std::string_view resource_profiles)> use) const {
  ProtoReader reader(request_);
  while (reader.Next()) {
    if (reader.field() != kResourceProfilesField) continue;
    FLAMEKEEP_RETURN_IF_ERROR(use(reader.bytes()));
  }
  return absl::OkStatus();
}

std::optional<std::string_view> OtlpTables::At(OtlpTable table, uint64_t index) const {
  const std::vector<uint32_t>& entries = EntriesOf(table);
  if (index >= entries.size()) return std::nullopt;
  std::string_view rest = request_.substr(entries[index]);
  uint64_t size = 0;
  ReadVarint(&rest, &size);
  return rest.substr(0, size);
}

std::optional<OtlpTables::Location> OtlpTables::LocationAt(uint64_t index) const {
  const auto message = At(OtlpTable::kLocation, index);
  if (!message) return std::nullopt;
  Location location{.message = *message};
  ProtoReader reader(*message);
  while (reader.Next()) {
    if (reader.field() == 1) location.mapping = reader.number();
    if (reader.field() == 2) location.address = reader.number();
  }
  if (reader.broken()) return std::nullopt;
  return location;
}

std::optional<MappedFile> OtlpTables::MappingAt(uint64_t index) const {
  const auto message = At(OtlpTable::kMapping, index);
  if (!message) return std::nullopt;
  MappedFile mapping;
  uint64_t file = 0;
  ProtoReader reader(*message);
  while (reader.Next()) {
    if (reader.field() == 1) mapping.start = reader.number();
    if (reader.field() == 3) mapping.file_offset = reader.number();
    if (reader.field() == 4) file = reader.number();
  }
  const auto name = String(file);
  if (reader.broken() || !name) return std::nullopt;
  mapping.file = *name;
  return mapping;
}

std::optional<OtlpTables::Function> OtlpTables::FunctionAt(uint64_t index) const {
  const auto message = At(OtlpTable::kFunction, index);
  if (!message) return std::nullopt;
  uint64_t name = 0;
  uint64_t system_name = 0;
  uint64_t file = 0;
  ProtoReader reader(*message);
  while (reader.Next()) {
    if (reader.field() == 1) name = reader.number();
    if (reader.field() == 2) system_name = reader.number();
    if (reader.field() == 3) file = reader.number();
  }
  const auto name_text = String(name);
  const auto system_text = String(system_name);
  const auto file_text = String(file);
  if (reader.broken() || !name_text || !system_text || !file_text) return std::nullopt;
  return Function{name_text->empty() ? *system_text : *name_text, *file_text};
}

std::optional<std::string> OtlpTables::LabelValue(std::string_view any_value) const {
  std::optional<std::string> text;
  ProtoReader reader(any_value);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        text = std::string(reader.bytes());
        break;
      case 2:
        text = reader.number() != 0 ? "true" : "false";
        break;
      case 3:
        text = fmt::format("{}", reader.signed_number());
        break;
      case 8:
        text = String(reader.number());
        break;
      default:
        text.reset();
        break;
    }
  }
  return reader.broken() ? std::nullopt : text;
}

}  // namespace flamekeep::ingest
