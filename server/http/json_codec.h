// Protobuf's JSON mapping, of the bytes of messages: no message is built, so memory grows with the
// text only.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_HTTP_JSON_CODEC_H_
#define FLAMEKEEP_SERVER_HTTP_JSON_CODEC_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace flamekeep::server {

// What it makes of fields that the message does not have.
enum class UnknownFields { kRefuse, kIgnore };

// Errors: INVALID_ARGUMENT tells what is wrong with the text.
absl::StatusOr<std::string> JsonToProto(const google::protobuf::Descriptor& type,
                                        std::string_view json, UnknownFields unknown);

// Errors: INTERNAL for bytes that are no such message.
absl::StatusOr<std::string> ProtoToJson(const google::protobuf::Descriptor& type,
                                        std::string_view bytes);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_JSON_CODEC_H_
