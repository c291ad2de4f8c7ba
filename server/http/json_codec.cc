#include "server/http/json_codec.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>

#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

namespace protobuf = google::protobuf;

constexpr char kTypePrefix[] = "type.googleapis.com";
constexpr size_t kMaxReasonBytes = 500;

protobuf::util::TypeResolver* Types() {
  static protobuf::util::TypeResolver* const kResolver =
      protobuf::util::NewTypeResolverForDescriptorPool(kTypePrefix,
                                                       protobuf::DescriptorPool::generated_pool());
  return kResolver;
}

std::string UrlOf(const protobuf::Descriptor& type) {
  return std::string(kTypePrefix) + "/" + type.full_name();
}

}  // namespace

absl::StatusOr<std::string> JsonToProto(const protobuf::Descriptor& type, std::string_view json,
                                        UnknownFields unknown) {
  protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = unknown == UnknownFields::kIgnore;
  protobuf::io::ArrayInputStream in(json.data(), static_cast<int>(json.size()));
  std::string bytes;
  protobuf::io::StringOutputStream out(&bytes);
  const auto status = protobuf::util::JsonToBinaryStream(Types(), UrlOf(type), &in, &out, options);
  if (status.ok()) return bytes;
  // Behind the first line it draws where in the text that is.
  const std::string_view drawn(status.message().data(), status.message().size());
  return InvalidArgument("this is no {} in JSON: {}", type.full_name(),
                         Shorten(drawn.substr(0, drawn.find('\n')), kMaxReasonBytes));
}

absl::StatusOr<std::string> ProtoToJson(const protobuf::Descriptor& type, std::string_view bytes) {
  protobuf::io::ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  std::string json;
  {
    protobuf::io::StringOutputStream out(&json);
    const auto status = protobuf::util::BinaryToJsonStream(Types(), UrlOf(type), &in, &out, {});
    if (status.ok()) return json;
  }
  return Error(absl::StatusCode::kInternal, "the answer can not be written as JSON: ask for {}",
               "application/proto");
}

}  // namespace flamekeep::server
