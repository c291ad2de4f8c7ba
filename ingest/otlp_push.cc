// PushOtlp() of foreign_push.h.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "base/status.h"
#include "ingest/foreign_push.h"
#include "ingest/otlp_decoder.h"
#include "ingest/otlp_tables.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {
namespace {

constexpr uint32_t kProfileId = 7;  // of Profile
constexpr size_t kProfileIdBytes = 16;
constexpr size_t kMisreadIdBytes = kProfileIdBytes * 2 / 4 * 3;

// Attributes of a Resource. Their texts may stand in the string table.
void ReadAttributes(std::string_view resource, const OtlpTables& tables,
                    const ForeignRequest& request, ForeignRequest::Origin* origin) {
  ProtoReader reader(resource);
  while (reader.Next()) {
    if (reader.field() != 1) continue;
    ProtoReader attribute(reader.bytes());
    std::string_view name;
    std::string_view value;
    while (attribute.Next()) {
      if (attribute.field() == 1) name = attribute.bytes();
      if (attribute.field() == 2) value = attribute.bytes();
      if (attribute.field() == 3) name = tables.String(attribute.number()).value_or("");
    }
    if (const auto text = tables.LabelValue(value)) request.AddLabelTo(name, *text, origin);
  }
}

// OpenTelemetry's JSON writes ids as hexadecimal digits, and protobuf's JSON mapping reads them as
// base64: 24 bytes where there should be 16. What was meant is got back, so that a profile has one
// id in all forms.
std::string MeantId(std::string_view id) {
  if (id.size() != kMisreadIdBytes) return std::string(id.substr(0, 2 * kProfileIdBytes));
  std::string digits;
  absl::Base64Escape({id.data(), id.size()}, &digits);
  const bool hexadecimal = std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit);
  return hexadecimal ? absl::HexStringToBytes(digits) : std::string(id);
}

// The id of a batch: the sender's for the profile, where there is one. Zeros are none.
std::string IdOf(std::string_view profile) {
  std::string_view id;
  ProtoReader reader(profile);
  while (reader.Next()) {
    if (reader.field() == kProfileId) id = reader.bytes();
  }
  std::string meant = MeantId(id);
  return meant.find_first_not_of('\0') == std::string::npos ? std::string() : meant;
}

absl::Status PushScope(std::string_view scope_profiles, const OtlpTables& tables,
                       const ForeignRequest::Origin& origin, OtlpBudget* budget,
                       ForeignRequest* request) {
  ProtoReader reader(scope_profiles);
  while (reader.Next()) {
    if (reader.field() != 2) continue;
    const std::string_view profile = reader.bytes();
    FLAMEKEEP_RETURN_IF_ERROR(request->Append(
        origin, IdOf(profile), [&](ProfileStream* stream, std::vector<storage::Sample>* samples) {
          return DecodeOtlpProfile(tables, profile, budget, stream, samples);
        }));
  }
  if (reader.broken()) {
    request->RejectProfile(InvalidArgument("the ScopeProfiles of it are damaged"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ForeignResult> PushOtlp(PushHub* hub, const ForeignOptions& options,
                                       std::string_view request_bytes) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const OtlpTables tables, OtlpTables::Read(request_bytes));
  ForeignRequest request(hub, &options, "otlp");
  OtlpBudget budget = OtlpBudget::For(request_bytes.size());
  absl::Status pushed = tables.ForEachResource([&](std::string_view resource_profiles) {
    ForeignRequest::Origin origin = request.NewOrigin();
    ProtoReader reader(resource_profiles);
    while (reader.Next()) {
      if (reader.field() == 1) ReadAttributes(reader.bytes(), tables, request, &origin);
    }
    if (reader.broken()) {
      request.RejectProfile(InvalidArgument("the ResourceProfiles of it are damaged"));
      return absl::OkStatus();
    }
    for (reader = ProtoReader(resource_profiles); reader.Next();) {
      if (reader.field() != 2) continue;
      FLAMEKEEP_RETURN_IF_ERROR(PushScope(reader.bytes(), tables, origin, &budget, &request));
    }
    return absl::OkStatus();
  });
  if (!pushed.ok()) return pushed;
  return request.result();
}

}  // namespace flamekeep::ingest
