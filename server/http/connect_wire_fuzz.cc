// Any bytes as what a client of Connect sends: header values, an envelope, base64, JSON. What goes
// through JSON comes back as it was.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "flamekeep/v1/query.pb.h"
#include "server/http/connect_wire.h"
#include "server/http/json_codec.h"

namespace {

using flamekeep::server::JsonToProto;
using flamekeep::server::UnknownFields;

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMaxBytes = size_t{1} << 20;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(flamekeep::server::ParseConnectType(text));
  static_cast<void>(flamekeep::server::ParseConnectTimeout(text));
  static_cast<void>(flamekeep::server::DecodeBase64(text));
  for (const bool gzip : {false, true}) {
    const auto message = flamekeep::server::OpenEnvelope(text, gzip, kMaxBytes);
    if (!message.ok()) continue;
    Check(message->size() <= kMaxBytes);
    const std::string envelope = flamekeep::server::MakeEnvelope(*message, gzip);
    const auto again = flamekeep::server::OpenEnvelope(envelope, gzip, kMaxBytes);
    Check(again.ok() && *again == *message);
  }
  const google::protobuf::Descriptor& type = *flamekeep::v1::RenderRequest::descriptor();
  for (const UnknownFields unknown : {UnknownFields::kRefuse, UnknownFields::kIgnore}) {
    const auto bytes = JsonToProto(type, text, unknown);
    if (!bytes.ok()) continue;
    flamekeep::v1::RenderRequest request;
    if (!request.ParseFromString(*bytes)) continue;
    const auto json = flamekeep::server::ProtoToJson(type, *bytes);
    Check(json.ok() && JsonToProto(type, *json, UnknownFields::kRefuse).ok());
  }
  static_cast<void>(flamekeep::server::ProtoToJson(type, text));
  return 0;
}
