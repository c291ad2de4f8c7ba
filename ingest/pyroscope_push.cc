// PushPyroscope() of foreign_push.h.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/status.h"
#include "ingest/foreign_push.h"
#include "ingest/pprof_decoder.h"
#include "ingest/pprof_tables.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {
namespace {

constexpr std::string_view kNameLabel = "__name__";
// Of ours, in RawSample.
constexpr uint32_t kTypeRulesField = 1000;
constexpr uint32_t kPreviousField = 1001;
constexpr uint32_t kBeginField = 1002;
constexpr uint32_t kEndField = 1003;

// A LabelPair.
bool ReadPair(std::string_view message, std::string_view* name, std::string_view* value) {
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 1) *name = reader.bytes();
    if (reader.field() == 2) *value = reader.bytes();
  }
  return !reader.broken();
}

// A TypeRule.
bool ReadTypeRule(std::string_view message, PprofOptions* pprof) {
  std::string_view sample_type;
  PprofTypeRule rule;
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 1) sample_type = reader.bytes();
    if (reader.field() == 2) rule.display_name = reader.bytes();
    if (reader.field() == 3) rule.cumulative = reader.number() != 0;
  }
  if (reader.broken() || pprof->types.size() >= kMaxSampleTypes) return false;
  pprof->types.emplace(sample_type, std::move(rule));
  return true;
}

absl::Status PushRawSample(std::string_view message, PprofOptions pprof,
                           const ForeignRequest::Origin& origin, ForeignRequest* request) {
  std::string_view previous;
  bool whole = true;
  std::string_view profile;
  std::string_view id;
  int64_t begin = 0;
  int64_t end = 0;
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 1) profile = reader.bytes();
    if (reader.field() == 2) id = reader.bytes();
    if (reader.field() == kTypeRulesField) whole &= ReadTypeRule(reader.bytes(), &pprof);
    if (reader.field() == kPreviousField) previous = reader.bytes();
    if (reader.field() == kBeginField) begin = reader.signed_number();
    if (reader.field() == kEndField) end = reader.signed_number();
  }
  if (begin > 0) {
    pprof.begin = absl::FromUnixNanos(begin);
    pprof.duration = absl::Nanoseconds(std::max<int64_t>(end - begin, 0));
  }
  if (reader.broken() || !whole) {
    request->RejectProfile(InvalidArgument("a RawSample of it is damaged"));
    return absl::OkStatus();
  }
  return request->Append(
      origin, id,
      [&](ProfileStream* stream,
          std::vector<storage::Sample>* samples) -> absl::StatusOr<storage::Level> {
        std::string unpacked;
        FLAMEKEEP_ASSIGN_OR_RETURN(const std::string_view bytes, UnpackProfile(profile, &unpacked));
        std::string unpacked_previous;
        FLAMEKEEP_ASSIGN_OR_RETURN(pprof.previous, UnpackProfile(previous, &unpacked_previous));
        return DecodePprof(bytes, pprof, stream, samples);
      });
}

absl::Status PushSeries(std::string_view series, ForeignRequest* request) {
  ForeignRequest::Origin origin = request->NewOrigin();
  PprofOptions pprof;
  bool whole = true;
  ProtoReader reader(series);
  while (reader.Next()) {
    if (reader.field() != 1) continue;
    std::string_view name;
    std::string_view value;
    whole &= ReadPair(reader.bytes(), &name, &value);
    if (name == kNameLabel) {
      pprof.name = value;
    } else {
      request->AddLabelTo(name, value, &origin);
    }
  }
  if (reader.broken() || !whole) {
    request->RejectProfile(InvalidArgument("a series of it is damaged"));
    return absl::OkStatus();
  }
  for (reader = ProtoReader(series); reader.Next();) {
    if (reader.field() != 2) continue;
    FLAMEKEEP_RETURN_IF_ERROR(PushRawSample(reader.bytes(), pprof, origin, request));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ForeignResult> PushPyroscope(PushHub* hub, const ForeignOptions& options,
                                            std::string_view request_bytes) {
  ForeignRequest request(hub, &options, "pyroscope");
  ProtoReader reader(request_bytes);
  while (reader.Next()) {
    if (reader.field() == 1) FLAMEKEEP_RETURN_IF_ERROR(PushSeries(reader.bytes(), &request));
  }
  if (reader.broken()) {
    return InvalidArgument(
        "these bytes are no push.v1.PushRequest: send what Pyroscope's clients send");
  }
  return request.result();
}

}  // namespace flamekeep::ingest
