// The key `push` of the configuration.
#include "base/status.h"
#include "ingest/sample_stream.h"
#include "server/config.h"
#include "server/config_parts.h"
#include "server/yaml_value.h"

namespace flamekeep::server {

namespace {

using yaml::Key;
using yaml::Value;

constexpr absl::Duration kLongest = absl::Hours(24 * 366 * 1000);

absl::Status ReadPushSite(const Value& value, PushConfig* out) {
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString("a site's name", &out->site));
  if (const absl::Status status = CheckSiteName(out->site); !status.ok()) {
    return value.Wrong("can not be used: {}", Message(status));
  }
  return absl::OkStatus();
}

constexpr Key<PushConfig> kPushKeys[] = {
    {"site", ReadPushSite},
    {"site_label",
     [](const Value& value, PushConfig* out) {
       return value.ReadString("a label's name", &out->site_label);
     }},
    {"relabel", [](const Value& value,
                   PushConfig* out) { return ReadRelabel(value, &out->relabel.emplace()); }},
    {"max_late",
     [](const Value& value, PushConfig* out) {
       return value.ReadDuration(absl::Minutes(1), kLongest, &out->bounds.max_late);
     }},
    {"max_early",
     [](const Value& value, PushConfig* out) {
       return value.ReadDuration(absl::Seconds(1), ingest::kMaxAhead, &out->bounds.max_early);
     }},
    {"dedupe_window",
     [](const Value& value, PushConfig* out) {
       return value.ReadDuration(absl::Minutes(1), absl::Hours(24 * 366), &out->dedupe_window);
     }},
    {"max_batch_ids",
     [](const Value& value, PushConfig* out) {
       return value.ReadInteger(1000, 100'000'000, &out->max_batch_ids);
     }},
    {"forget_clients",
     [](const Value& value, PushConfig* out) {
       return value.ReadDuration(absl::Hours(24), kLongest, &out->forget_clients);
     }},
};

}  // namespace

absl::Status ReadPushConfig(const Value& value, PushConfig* out) {
  return yaml::ReadMap(value, kPushKeys, out);
}

}  // namespace flamekeep::server
