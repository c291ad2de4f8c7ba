// What the two readers of configuration files share; config.h is the public face.
#ifndef FLAMEKEEP_SERVER_CONFIG_PARTS_H_
#define FLAMEKEEP_SERVER_CONFIG_PARTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingest/redis_url.h"
#include "server/config.h"
#include "server/yaml_value.h"

namespace flamekeep::server {

// The whole text of a file. Errors: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT (a directory, or
// too large to be a configuration).
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

// HOST:PORT or "off". Errors: INVALID_ARGUMENT tells the form.
absl::Status CheckListenAddress(std::string_view address);

// Whether both lead to one Redis server, whose messages would count twice: a database or a user
// makes no difference to pub/sub. (Streams of two databases want two sites.)
bool SameRedisServer(const ingest::RedisAddress& a, const ingest::RedisAddress& b);

// Errors: INVALID_ARGUMENT tells the rule.
absl::Status CheckSiteName(std::string_view name);

// What Arc Lamp's clients publish.
std::vector<std::string> DefaultChannels();

// The maps `limits`, `push` and `arclamp`: keys that are not named stay as they are in `out`.
// Errors: INVALID_ARGUMENT names file, line and key.
absl::Status ReadLimits(const yaml::Value& value, LimitsConfig* out);
absl::Status ReadPushConfig(const yaml::Value& value, PushConfig* out);
absl::Status ReadArcLampUrls(const yaml::Value& value, ArcLampUrlConfig* out);
// The list `relabel`, and the map `label_salts`. Errors: the same.
absl::Status ReadRelabel(const yaml::Value& value, ingest::RelabelRules* out);
absl::Status ReadLabelSalts(const yaml::Value& value, LabelSaltsConfig* out);
// The map `limits` of a site. Errors: the same.
absl::Status ReadSeriesLimits(const yaml::Value& value, ingest::SeriesLimits* out);

// A path, which in a file is relative to that file's directory. Errors: the same.
absl::Status ReadConfigPath(const yaml::Value& value, std::string* out);

// Of sizes.
inline constexpr uint64_t kKiB = uint64_t{1} << 10;
inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;
inline constexpr uint64_t kTiB = uint64_t{1} << 40;

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_CONFIG_PARTS_H_
