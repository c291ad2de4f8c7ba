#include "server/arclamp/url_config.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "server/arclamp/file_name.h"
#include "server/config_parts.h"
#include "server/yaml_value.h"

namespace flamekeep::server {

namespace {

using yaml::Value;

// A listing has all of them for each hour and day.
constexpr size_t kMaxGraphFunctions = 100;
constexpr size_t kMaxGraphFunctionBytes = 1024;

absl::Status ReadGraphFunction(const Value& key, const Value& value, ArcLampUrlConfig* out) {
  std::string label;
  std::string function;
  FLAMEKEEP_RETURN_IF_ERROR(key.ReadString("a label", &label));
  FLAMEKEEP_RETURN_IF_ERROR(
      value.ReadString("a function such as UploadBase::performUpload", &function));
  if (!IsArcLampLabel(label)) {
    return key.Wrong(
        "can not be a part of a file's name: write letters, digits, \"_\" and \"-\" only");
  }
  if (function.size() > kMaxGraphFunctionBytes || function.find(';') != std::string::npos) {
    return value.Wrong("is no function: write one name of at most {} bytes, without \";\"",
                       kMaxGraphFunctionBytes);
  }
  if (out->functions.size() == kMaxGraphFunctions) {
    return key.Wrong("is one too many: name at most {} functions", kMaxGraphFunctions);
  }
  if (!out->functions.emplace(std::move(label), std::move(function)).second) {
    return key.Wrong("stands here twice: keep one of them");
  }
  return absl::OkStatus();
}

absl::Status ReadGraphFunctions(const Value& value, ArcLampUrlConfig* out) {
  out->functions.clear();
  return value.ForEach("a map of labels to functions",
                       [&](const Value& key, const Value& function) {
                         return ReadGraphFunction(key, function, out);
                       });
}

constexpr yaml::Key<ArcLampUrlConfig> kArcLampUrlKeys[] = {
    {"title", [](const Value& value,
                 ArcLampUrlConfig* out) { return value.ReadString("a title", &out->title); }},
    {"functions", ReadGraphFunctions},
};

}  // namespace

absl::Status ReadArcLampUrls(const Value& value, ArcLampUrlConfig* out) {
  return yaml::ReadMap(value, kArcLampUrlKeys, out);
}

}  // namespace flamekeep::server
