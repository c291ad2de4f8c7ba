#include "cli/json.h"

#include <google/protobuf/util/json_util.h>

#include "base/status.h"

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

}  // namespace flamekeep::cli
