#include "cli/json.h"

#include <google/protobuf/util/json_util.h>

#include "base/status.h"
#include "cli/terminal_text.h"

namespace flamekeep::cli {

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto written = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!written.ok()) {
    return Error(absl::StatusCode::kInternal, "the answer does not fit into JSON: {}",
                 written.ToString());
  }
  return json;
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
      text.remove_prefix(1);
    } else if (c >= 0x20 && c < 0x7f) {
      out += text[0];
      text.remove_prefix(1);
    } else {
      const DecodedCharacter character = DecodeCharacter(text);
      if (!character.valid) {
        out += "\\ufffd";
      } else if (character.harmless) {
        out += text.substr(0, character.bytes);
      } else {
        out += fmt::format("\\u{:04x}", character.code);
      }
      text.remove_prefix(character.bytes);
    }
  }
  return out + '"';
}

}  // namespace flamekeep::cli
