#include "server/http/connect_wire.h"

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "base/gzip.h"
#include "base/status.h"
#include "server/http/http_errors.h"
#include "server/http/http_message.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

constexpr uint8_t kCompressedFlag = 1;
constexpr uint8_t kEndFlag = 2;
constexpr size_t kEnvelopeHeadBytes = 5;
constexpr size_t kMinPackedBytes = 1024;
constexpr int kByteBits = 8;

struct TypeRow {
  std::string_view name;
  ConnectType type;
};

constexpr TypeRow kTypes[] = {
    {"application/json", {ConnectCodec::kJson, false}},
    {"application/proto", {ConnectCodec::kProto, false}},
    {"application/x-protobuf", {ConnectCodec::kProto, false}},
    {"application/connect+json", {ConnectCodec::kJson, true}},
    {"application/connect+proto", {ConnectCodec::kProto, true}},
};

std::string EnvelopeHead(uint8_t flags, size_t bytes) {
  std::string head(1, static_cast<char>(flags));
  for (int shift = 3 * kByteBits; shift >= 0; shift -= kByteBits) {
    head += static_cast<char>(static_cast<uint8_t>(bytes >> shift));
  }
  return head;
}

}  // namespace

absl::StatusOr<ConnectType> ParseConnectType(std::string_view content_type) {
  std::string_view name = content_type.substr(0, content_type.find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  for (const TypeRow& row : kTypes) {
    if (SameToken(row.name, name)) return row.type;
  }
  return Error(absl::StatusCode::kUnimplemented,
               "the content type \"{}\" is not understood here: use application/json or "
               "application/proto, and application/connect+json or application/connect+proto for "
               "streams",
               Shorten(content_type));
}

absl::StatusOr<absl::Duration> ParseConnectTimeout(std::string_view header) {
  constexpr size_t kMaxDigits = 10;
  constexpr int64_t kTen = 10;
  if (header.empty()) return absl::InfiniteDuration();
  int64_t milliseconds = 0;
  for (const char c : header) {
    if (c < '0' || c > '9' || header.size() > kMaxDigits) {
      return InvalidArgument("Connect-Timeout-Ms is \"{}\": write at most {} digits",
                             Shorten(header), kMaxDigits);
    }
    milliseconds = milliseconds * kTen + (c - '0');
  }
  return absl::Milliseconds(milliseconds);
}

absl::StatusOr<std::string> OpenEnvelope(std::string_view body, bool gzip, size_t max_bytes) {
  if (body.size() < kEnvelopeHeadBytes) {
    return InvalidArgument(
        "the body of a stream's request needs an envelope around its message: "
        "a byte of flags, four of length");
  }
  const auto flags = static_cast<uint8_t>(body[0]);
  size_t length = 0;
  for (size_t i = 1; i < kEnvelopeHeadBytes; ++i) {
    length = (length << kByteBits) | static_cast<uint8_t>(body[i]);
  }
  body.remove_prefix(kEnvelopeHeadBytes);
  if (length != body.size()) {
    return InvalidArgument(
        "the envelope says that its message has {} bytes, {} came: send exactly one message",
        length, body.size());
  }
  if ((flags & ~kCompressedFlag) != 0) {
    return InvalidArgument("the flags {:#x} of the envelope are not known", flags);
  }
  if ((flags & kCompressedFlag) == 0) return std::string(body);
  if (!gzip) {
    return InvalidArgument("the envelope is compressed and Connect-Content-Encoding is not gzip");
  }
  return Gunzip(body, max_bytes);
}

std::string MakeEnvelope(std::string_view message, bool gzip) {
  if (gzip && message.size() >= kMinPackedBytes) {
    const absl::StatusOr<std::string> packed = Gzip(message);
    if (packed.ok() && packed->size() < message.size()) {
      return EnvelopeHead(kCompressedFlag, packed->size()) + *packed;
    }
  }
  std::string out = EnvelopeHead(0, message.size());
  out += message;
  return out;
}

std::string MakeEndEnvelope(const absl::Status& status) {
  const std::string json = status.ok() ? "{}" : "{\"error\":" + ErrorJson(status) + "}";
  return EnvelopeHead(kEndFlag, json.size()) + json;
}

absl::StatusOr<std::string> DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  const absl::string_view plain(text.data(), text.size());
  std::string out;
  if (absl::WebSafeBase64Unescape(plain, &out) || absl::Base64Unescape(plain, &out)) return out;
  return InvalidArgument("\"{}\" is not base64: use the URL-safe alphabet", Shorten(text));
}

}  // namespace flamekeep::server
