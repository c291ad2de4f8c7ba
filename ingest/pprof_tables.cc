#include "ingest/pprof_tables.h"

#include <algorithm>
#include <limits>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

absl::Status NoProfile() {
  return InvalidArgument(
      "these bytes are no pprof profile (profile.proto, with gzip around it or without): send what "
      "`go tool pprof` reads");
}

}  // namespace

absl::StatusOr<PprofTables> PprofTables::Read(std::string_view profile) {
  if (profile.size() > std::numeric_limits<uint32_t>::max()) return NoProfile();
  PprofTables tables(profile);
  FLAMEKEEP_RETURN_IF_ERROR(tables.ReadFields());
  FLAMEKEEP_RETURN_IF_ERROR(tables.ReadTypes());
  return tables;
}

std::string_view PprofTables::BytesAt(uint32_t offset) const {
  std::string_view rest = profile_.substr(offset);
  uint64_t size = 0;
  ReadVarint(&rest, &size);
  return rest.substr(0, size);
}

bool PprofTables::AddMessage(const ProtoReader& reader, Index* index) const {
  ProtoReader message(reader.bytes());
  while (message.Next()) {
    if (message.field() != 1) continue;
    // Without an id nothing can refer to it.
    if (message.number() != 0) index->entries.emplace_back(message.number(), OffsetOf(reader));
    return true;
  }
  return reader.is_bytes() && !message.broken();
}

absl::Status PprofTables::ReadFields() {
  ProtoReader reader(profile_);
  while (reader.Next()) {
    const std::string_view bytes = reader.bytes();
    bool whole = true;
    switch (static_cast<PprofField>(reader.field())) {
      case PprofField::kSampleType:
        if (type_messages_.size() == kMaxSampleTypes) {
          return InvalidArgument("a profile has over {} sample types: send fewer", kMaxSampleTypes);
        }
        type_messages_.push_back(bytes);
        break;
      case PprofField::kSample:
        ++sample_count_;
        break;
      case PprofField::kMapping:
        if (mapping_messages_.size() == kMaxMappings) {
          return InvalidArgument("a profile has over {} mappings: send fewer", kMaxMappings);
        }
        mapping_messages_.push_back(bytes);
        break;
      case PprofField::kLocation:
        whole = AddMessage(reader, &locations_);
        break;
      case PprofField::kFunction:
        whole = AddMessage(reader, &functions_);
        break;
      case PprofField::kStringTable:
        whole = reader.is_bytes();
        if (whole) strings_.push_back(OffsetOf(reader));
        break;
      case PprofField::kTimeNanos:
        time_nanos_ = reader.signed_number();
        break;
      case PprofField::kDurationNanos:
        duration_nanos_ = reader.signed_number();
        break;
      case PprofField::kPeriodType:
        period_message_ = bytes;
        break;
    }
    if (!whole) return NoProfile();
  }
  // A text of other bytes may happen to be a message without any of these.
  if (reader.broken() || type_messages_.empty() || strings_.empty()) return NoProfile();
  Finish(&locations_);
  Finish(&functions_);
  return absl::OkStatus();
}

absl::Status PprofTables::ReadTypes() {
  const auto read = [this](std::string_view message) -> std::optional<ValueType> {
    ProtoReader reader(message);
    uint64_t type = 0;
    uint64_t unit = 0;
    while (reader.Next()) {
      if (reader.field() == 1) type = reader.number();
      if (reader.field() == 2) unit = reader.number();
    }
    const auto type_name = String(type);
    const auto unit_name = String(unit);
    if (reader.broken() || !type_name || !unit_name) return std::nullopt;
    return ValueType{*type_name, *unit_name};
  };
  for (const std::string_view message : type_messages_) {
    const auto type = read(message);
    if (!type) return NoProfile();
    sample_types_.push_back(*type);
  }
  period_type_ = read(period_message_).value_or(ValueType());
  for (const std::string_view message : mapping_messages_) {
    const auto mapping = ReadMapping(message);
    if (!mapping) return NoProfile();
    mappings_.push_back(*mapping);
  }
  std::sort(mappings_.begin(), mappings_.end(),
            [](const Mapping& a, const Mapping& b) { return a.id < b.id; });
  return absl::OkStatus();
}

void PprofTables::Finish(Index* index) {
  auto& entries = index->entries;
  const auto is_dense = [&entries] {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].first != i + 1) return false;
    }
    return true;
  };
  index->dense = is_dense();
  if (index->dense) return;
  std::sort(entries.begin(), entries.end());
  // Of several with one id the first counts.
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [](const auto& a, const auto& b) { return a.first == b.first; }),
                entries.end());
  index->dense = is_dense();
}

std::optional<uint32_t> PprofTables::IndexOf(const Index& index, uint64_t id) {
  const auto& entries = index.entries;
  if (index.dense) {
    if (id == 0 || id > entries.size()) return std::nullopt;
    return static_cast<uint32_t>(id - 1);
  }
  const auto it = std::lower_bound(entries.begin(), entries.end(), std::pair(id, uint32_t{0}));
  if (it == entries.end() || it->first != id) return std::nullopt;
  return static_cast<uint32_t>(it - entries.begin());
}

std::optional<std::string_view> PprofTables::String(uint64_t index) const {
  if (index >= strings_.size()) return std::nullopt;
  return BytesAt(strings_[index]);
}

std::optional<PprofTables::Mapping> PprofTables::ReadMapping(std::string_view message) const {
  ProtoReader reader(message);
  Mapping mapping;
  uint64_t file = 0;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        mapping.id = reader.number();
        break;
      case 2:
        mapping.file.start = reader.number();
        break;
      case 4:
        mapping.file.file_offset = reader.number();
        break;
      case 5:
        file = reader.number();
        break;
      default:
        break;
    }
  }
  const auto name = String(file);
  if (reader.broken() || !name) return std::nullopt;
  mapping.file.file = *name;
  return mapping;
}

const PprofTables::Mapping* PprofTables::FindMapping(uint64_t id) const {
  const auto it = std::lower_bound(mappings_.begin(), mappings_.end(), id,
                                   [](const Mapping& m, uint64_t i) { return m.id < i; });
  return it == mappings_.end() || it->id != id || id == 0 ? nullptr : &*it;
}

std::optional<PprofTables::Location> PprofTables::LocationAt(uint32_t index) const {
  Location location{.message = BytesAt(locations_.entries[index].second)};
  ProtoReader reader(location.message);
  while (reader.Next()) {
    if (reader.field() == 2) location.mapping = reader.number();
    if (reader.field() == 3) location.address = reader.number();
  }
  if (reader.broken()) return std::nullopt;
  return location;
}

std::optional<PprofTables::Function> PprofTables::FunctionAt(uint32_t index) const {
  ProtoReader reader(BytesAt(functions_.entries[index].second));
  uint64_t name = 0;
  uint64_t system_name = 0;
  uint64_t file = 0;
  while (reader.Next()) {
    if (reader.field() == 2) name = reader.number();
    if (reader.field() == 3) system_name = reader.number();
    if (reader.field() == 4) file = reader.number();
  }
  const auto name_text = String(name);
  const auto system_text = String(system_name);
  const auto file_text = String(file);
  if (reader.broken() || !name_text || !system_text || !file_text) return std::nullopt;
  return Function{name_text->empty() ? *system_text : *name_text, *file_text};
}

}  // namespace flamekeep::ingest
