// The key `push` of the configuration.
#include <string_view>

#include "base/status.h"
#include "ingest/label_filter.h"
#include "ingest/sample_stream.h"
#include "server/config.h"
#include "server/config_parts.h"
#include "server/yaml_value.h"

namespace flamekeep::server {

namespace {

using yaml::Key;
using yaml::Value;

constexpr absl::Duration kLongest = absl::Hours(24 * 366 * 1000);

constexpr std::string_view kLabelExample =
    "a label's name, or a map such as {from: k8s.pod.name, as: pod}";

constexpr Key<ingest::KeptLabel> kKeptLabelKeys[] = {
    {"from", [](const Value& value,
                ingest::KeptLabel* out) { return value.ReadString("a label's name", &out->from); }},
    {"as", [](const Value& value,
              ingest::KeptLabel* out) { return value.ReadString("a label's name", &out->as); }},
    {"hash", [](const Value& value, ingest::KeptLabel* out) { return value.ReadBool(&out->hash); }},
};

absl::Status ReadKeptLabels(const Value& value, PushConfig* out) {
  out->labels.clear();
  return value.ForEach("a list of labels", [&](const Value& item) -> absl::Status {
    ingest::KeptLabel& label = out->labels.emplace_back();
    if (item.IsMap()) {
      FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(item, kKeptLabelKeys, &label));
      if (label.from.empty()) return item.Wrong("needs the key `from`");
    } else {
      FLAMEKEEP_RETURN_IF_ERROR(item.ReadString(kLabelExample, &label.from));
    }
    const absl::Status status = ingest::LabelFilter::Make(out->labels).status();
    if (!status.ok()) return item.Wrong("can not be used: {}", Message(status));
    return absl::OkStatus();
  });
}

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
    {"labels", ReadKeptLabels},
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
