// The keys of a configuration that say what becomes of labels: `relabel` and `label_salts`.
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/redis_url.h"
#include "ingest/relabel.h"
#include "server/config.h"
#include "server/config_parts.h"
#include "server/text.h"
#include "server/yaml_value.h"

namespace flamekeep::server {

namespace {

using ingest::RelabelRule;
using yaml::Key;
using yaml::Value;
using Action = RelabelRule::Action;

// More are of no use, and each is asked for at the Redis server every few seconds.
constexpr int64_t kMaxKeptSalts = 1000;

constexpr std::string_view kRuleExample =
    "a rule such as {keep: NAME} or {rename: NAME, to: OTHER}";

// A rule as read: which of the actions it has.
struct RuleForm {
  std::vector<RelabelRule> actions;
  std::string to;
};

template <Action kAction>
absl::Status ReadAction(const Value& value, RuleForm* out) {
  RelabelRule& rule = out->actions.emplace_back();
  rule.action = kAction;
  return value.ReadString("a label's name, or \"*\"", &rule.label);
}

constexpr Key<RuleForm> kRuleKeys[] = {
    {"keep", ReadAction<Action::kKeep>},
    {"rename", ReadAction<Action::kRename>},
    {"hash", ReadAction<Action::kHash>},
    {"drop", ReadAction<Action::kDrop>},
    {"to", [](const Value& value,
              RuleForm* out) { return value.ReadString("a label's name", &out->to); }},
};

absl::Status ReadSaltServer(const Value& value, LabelSaltsConfig* out) {
  std::string url;
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString("an address such as redis://host:6379", &url));
  absl::StatusOr<ingest::RedisAddress> address = ingest::ParseRedisUrl(url);
  if (!address.ok()) return value.Wrong("can not be used: {}", Message(address.status()));
  out->redis = *std::move(address);
  return absl::OkStatus();
}

constexpr Key<LabelSaltsConfig> kSaltKeys[] = {
    {"rotate",
     [](const Value& value, LabelSaltsConfig* out) {
       FLAMEKEEP_RETURN_IF_ERROR(
           value.ReadDuration(absl::Minutes(1), absl::Hours(24 * 366), &out->rotate));
       if (out->rotate % absl::Minutes(1) == absl::ZeroDuration()) return absl::OkStatus();
       return value.Wrong("is {}, and must be whole minutes", DurationText(out->rotate));
     }},
    {"keep",
     [](const Value& value, LabelSaltsConfig* out) {
       return value.ReadDuration(absl::Minutes(10), absl::Hours(24 * 366), &out->keep);
     }},
    {"redis", ReadSaltServer},
    {"password_file",
     [](const Value& value, LabelSaltsConfig* out) {
       return ReadConfigPath(value, &out->password_file);
     }},
};

}  // namespace

absl::Status ReadRelabel(const Value& value, ingest::RelabelRules* out) {
  out->clear();
  return value.ForEach("a list of rules such as {keep: NAME}", [&](const Value& item) {
    if (!item.IsMap()) return item.Wrong("must be {}", kRuleExample);
    RuleForm form;
    FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(item, kRuleKeys, &form));
    if (form.actions.size() != 1) {
      return item.Wrong("must have one of the keys keep, rename, hash and drop: write {}",
                        kRuleExample);
    }
    form.actions.front().to = std::move(form.to);
    out->push_back(std::move(form.actions.front()));
    const absl::Status status = ingest::Relabel::Make(*out).status();
    if (!status.ok()) return item.Wrong("can not be used: {}", Message(status));
    return absl::OkStatus();
  });
}

absl::Status ReadLabelSalts(const Value& value, LabelSaltsConfig* out) {
  FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(value, kSaltKeys, out));
  if (out->keep / out->rotate <= kMaxKeptSalts) return absl::OkStatus();
  return value.Wrong("keeps salts for {} that change every {}: keep at most {} of them",
                     DurationText(out->keep), DurationText(out->rotate), kMaxKeptSalts);
}

}  // namespace flamekeep::server
