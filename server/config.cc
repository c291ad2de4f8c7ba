#include "server/config.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/status.h"
#include "server/config_parts.h"
#include "server/text.h"
#include "server/yaml_value.h"
#include "storage/profile_type.h"

namespace flamekeep::server {

namespace {

using yaml::Key;
using yaml::Value;

absl::Status ReadAddress(const Value& value, std::string* out) {
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString("an address such as 127.0.0.1:4041, or off", out));
  const absl::Status status = CheckListenAddress(*out);
  if (!status.ok()) return value.Wrong("can not be used: {}", Message(status));
  return absl::OkStatus();
}

// Adds a channel's profile type. Channels have one type wherever they come from.
absl::Status AddChannelType(const Value& key, const Value& value, ServerConfig* config) {
  std::string channel;
  std::string text;
  FLAMEKEEP_RETURN_IF_ERROR(key.ReadString("a channel's name", &channel));
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString("a profile type such as excimer-wall", &text));
  const absl::StatusOr<storage::ProfileType> type = storage::ParseProfileType(text);
  if (!type.ok()) return value.Wrong("can not be used: {}", Message(type.status()));
  const auto [it, inserted] = config->profile_types.try_emplace(channel, type->Id());
  if (!inserted && it->second != type->Id()) {
    return value.Wrong(
        "makes the channel a \"{}\", elsewhere it is a \"{}\": a channel has one type", type->Id(),
        it->second);
  }
  return absl::OkStatus();
}

absl::Status ReadProfileTypes(const Value& value, ServerConfig* config) {
  return value.ForEach(
      "a map of channels to profile types",
      [&](const Value& key, const Value& type) { return AddChannelType(key, type, config); });
}

template <int kLevel>
absl::Status ReadKeep(const Value& value, storage::Retention* out) {
  std::string text;
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString("a duration such as 90d, or forever", &text));
  absl::Duration& keep = out->keep[kLevel];
  keep = absl::InfiniteDuration();
  if (text == "forever") return absl::OkStatus();
  return value.ReadDuration(absl::Hours(1), absl::Hours(24 * 366 * 1000), &keep);
}

constexpr Key<storage::Retention> kRetentionKeys[] = {
    {"minute", ReadKeep<0>}, {"hour", ReadKeep<1>}, {"day", ReadKeep<2>},
    {"month", ReadKeep<3>},  {"year", ReadKeep<4>},
};

// Levels that are not named stay as they are in `out`.
absl::Status ReadRetention(const Value& value, storage::Retention* out) {
  FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(value, kRetentionKeys, out));
  const auto& keep = out->keep;
  for (size_t i = 1; i < keep.size(); ++i) {
    if (keep[i] >= keep[i - 1]) continue;
    return value.Wrong("keeps {}s for {} and {}s only for {}: a coarser level must be kept as long",
                       storage::LevelName(storage::kLevels[i - 1]), DurationText(keep[i - 1]),
                       storage::LevelName(storage::kLevels[i]), DurationText(keep[i]));
  }
  return absl::OkStatus();
}

// The long form of a site, as read: the password file goes to each server.
struct SiteForm {
  ServerConfig* config;
  std::vector<ingest::RedisAddress> redis;
  std::string password_file;
  std::vector<std::string> channels;
  std::vector<std::string> streams;
  std::optional<storage::Retention> retention;
  ingest::RelabelRules relabel;
  std::optional<ingest::SeriesLimits> limits;
};

// Names of channels or streams: `[excimer, excimer-wall]` or `{excimer: cpu, excimer-wall: wall}`.
absl::Status ReadNames(const Value& value, SiteForm* out, std::vector<std::string>* names) {
  const auto add = [names](const Value& item) -> absl::Status {
    std::string name;
    FLAMEKEEP_RETURN_IF_ERROR(item.ReadString("a name", &name));
    if (std::find(names->begin(), names->end(), name) != names->end()) {
      return item.Wrong("stands here twice: keep one of them");
    }
    names->push_back(std::move(name));
    return absl::OkStatus();
  };
  const auto add_with_type = [&](const Value& key, const Value& type) -> absl::Status {
    FLAMEKEEP_RETURN_IF_ERROR(add(key));
    return AddChannelType(key, type, out->config);
  };
  if (value.IsMap()) {
    FLAMEKEEP_RETURN_IF_ERROR(value.ForEach("a map", add_with_type));
  } else {
    FLAMEKEEP_RETURN_IF_ERROR(
        value.ForEach("a list of names, or a map of names to profile types", add));
  }
  return absl::OkStatus();
}

absl::Status ReadChannels(const Value& value, SiteForm* out) {
  FLAMEKEEP_RETURN_IF_ERROR(ReadNames(value, out, &out->channels));
  if (!out->channels.empty()) return absl::OkStatus();
  return value.Wrong(
      "names no channel: leave the key out to read excimer and excimer-wall, or only the streams "
      "where there is `streams`");
}

absl::Status ReadStreams(const Value& value, SiteForm* out) {
  FLAMEKEEP_RETURN_IF_ERROR(ReadNames(value, out, &out->streams));
  if (!out->streams.empty()) return absl::OkStatus();
  return value.Wrong("names no stream: leave the key out to read none");
}

constexpr std::string_view kUrlExample = "an address such as redis://host:6379";

absl::Status ReadUrl(const Value& value, SiteForm* out) {
  std::string url;
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString(kUrlExample, &url));
  absl::StatusOr<ingest::RedisAddress> address = ingest::ParseRedisUrl(url);
  if (!address.ok()) return value.Wrong("can not be used: {}", Message(address.status()));
  for (const ingest::RedisAddress& other : out->redis) {
    if (!SameRedisServer(other, *address)) continue;
    return value.Wrong("is a Redis server that stands here twice: keep one of them");
  }
  out->redis.push_back(*std::move(address));
  return absl::OkStatus();
}

constexpr Key<SiteForm> kSiteKeys[] = {
    {"redis",
     [](const Value& value, SiteForm* out) {
       if (!value.IsList()) return ReadUrl(value, out);
       return value.ForEach(kUrlExample, [&](const Value& item) { return ReadUrl(item, out); });
     }},
    {"password_file",
     [](const Value& value, SiteForm* out) { return ReadConfigPath(value, &out->password_file); }},
    {"channels", ReadChannels},
    {"streams", ReadStreams},
    {"retention",
     [](const Value& value, SiteForm* out) {
       return ReadRetention(value, &out->retention.emplace(out->config->retention));
     }},
    {"relabel",
     [](const Value& value, SiteForm* out) { return ReadRelabel(value, &out->relabel); }},
    {"limits",
     [](const Value& value, SiteForm* out) {
       return ReadSeriesLimits(value, &out->limits.emplace(out->config->limits.series));
     }},
};

absl::Status ReadSite(const Value& key, const Value& value, ServerConfig* config) {
  SiteConfig site;
  FLAMEKEEP_RETURN_IF_ERROR(key.ReadString("a site's name", &site.name));
  if (const absl::Status status = CheckSiteName(site.name); !status.ok()) {
    return key.Wrong("can not be used: {}", Message(status));
  }
  SiteForm form{.config = config};
  if (value.IsScalar()) {
    FLAMEKEEP_RETURN_IF_ERROR(ReadUrl(value, &form));
  } else if (value.IsMap()) {
    FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(value, kSiteKeys, &form));
  } else {
    return value.Wrong("must be {}, or a map with the key `redis`", kUrlExample);
  }
  // A site that only pushes may have a retention and limits of its own.
  const bool only_pushes = form.channels.empty() && form.streams.empty() && form.relabel.empty() &&
                           (form.retention.has_value() || form.limits.has_value());
  if (form.redis.empty() && !only_pushes) {
    return value.Wrong("needs the key `redis` with {}", kUrlExample);
  }
  site.retention = form.retention;
  site.relabel = std::move(form.relabel);
  site.limits = form.limits;
  for (ingest::RedisAddress& address : form.redis) {
    site.redis.push_back({std::move(address), form.password_file});
  }
  site.channels = std::move(form.channels);
  site.streams = std::move(form.streams);
  if (site.channels.empty() && site.streams.empty()) site.channels = DefaultChannels();
  config->sites.push_back(std::move(site));
  return absl::OkStatus();
}

// A rule by itself: what is wrong with it is said at its place.
absl::Status CheckRules(const Value& value, const ingest::RuleOptions& rules) {
  const absl::Status status = ingest::Rules::Make(rules).status();
  if (!status.ok()) return value.Wrong("can not be used: {}", Message(status));
  return absl::OkStatus();
}

constexpr Key<ingest::LabelRule> kLabelRuleKeys[] = {
    {"name",
     [](const Value& value, ingest::LabelRule* out) {
       return value.ReadString("a label's name", &out->label);
     }},
    {"match",
     [](const Value& value, ingest::LabelRule* out) {
       return value.ReadString("a regular expression", &out->match);
     }},
};

absl::Status ReadLabelRule(const Value& value, ServerConfig* config) {
  ingest::LabelRule rule;
  FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(value, kLabelRuleKeys, &rule));
  if (rule.label.empty()) return value.Wrong("needs the key `name`");
  if (rule.match.empty()) return value.Wrong("needs the key `match`");
  FLAMEKEEP_RETURN_IF_ERROR(CheckRules(value, {.labels = {rule}}));
  config->rules.labels.push_back(std::move(rule));
  return absl::OkStatus();
}

constexpr Key<ingest::FrameRule> kFrameRuleKeys[] = {
    {"match",
     [](const Value& value, ingest::FrameRule* out) {
       return value.ReadString("a regular expression", &out->match);
     }},
    {"replace",
     [](const Value& value, ingest::FrameRule* out) {
       if (value.IsEmptyText()) return absl::OkStatus();
       return value.ReadString("a text; \\1 stands for the first group", &out->replace);
     }},
};

absl::Status ReadFrameRule(const Value& value, ServerConfig* config) {
  ingest::FrameRule rule;
  FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(value, kFrameRuleKeys, &rule));
  if (rule.match.empty()) return value.Wrong("needs the key `match`");
  FLAMEKEEP_RETURN_IF_ERROR(CheckRules(value, {.frames = {rule}}));
  config->rules.frames.push_back(std::move(rule));
  return absl::OkStatus();
}

constexpr Key<ServerConfig> kKeys[] = {
    {"data",
     [](const Value& value, ServerConfig* out) { return ReadConfigPath(value, &out->data); }},
    {"grpc", [](const Value& value, ServerConfig* out) { return ReadAddress(value, &out->grpc); }},
    {"http", [](const Value& value, ServerConfig* out) { return ReadAddress(value, &out->http); }},
    {"node",
     [](const Value& value, ServerConfig* out) { return value.ReadString("a name", &out->node); }},
    {"sites",
     [](const Value& value, ServerConfig* out) {
       return value.ForEach(
           "a map of site names to Redis servers",
           [&](const Value& key, const Value& site) { return ReadSite(key, site, out); });
     }},
    {"profile_types", ReadProfileTypes},
    {"entry_point_label",
     [](const Value& value, ServerConfig* out) { return value.ReadBool(&out->rules.entry_point); }},
    {"labels",
     [](const Value& value, ServerConfig* out) {
       return value.ForEach("a list of rules such as {name: wiki, match: \"x=(\\\\w+)\"}",
                            [&](const Value& item) { return ReadLabelRule(item, out); });
     }},
    {"frame_rules",
     [](const Value& value, ServerConfig* out) {
       return value.ForEach("a list of rules such as {match: \"x\", replace: \"y\"}",
                            [&](const Value& item) { return ReadFrameRule(item, out); });
     }},
    {"relabel",
     [](const Value& value, ServerConfig* out) { return ReadRelabel(value, &out->relabel); }},
    {"label_salts", [](const Value& value,
                       ServerConfig* out) { return ReadLabelSalts(value, &out->label_salts); }},
    {"retention",
     [](const Value& value, ServerConfig* out) { return ReadRetention(value, &out->retention); }},
    {"backup_directory",
     [](const Value& value, ServerConfig* out) {
       return ReadConfigPath(value, &out->backup_directory);
     }},
    {"max_bytes",
     [](const Value& value, ServerConfig* out) {
       return value.ReadBytes(128 * kMiB, 1024 * kTiB, &out->max_bytes);
     }},
    {"flush_interval",
     [](const Value& value, ServerConfig* out) {
       return value.ReadDuration(absl::Milliseconds(10), absl::Seconds(60), &out->flush_interval);
     }},
    {"block_cache",
     [](const Value& value, ServerConfig* out) {
       return value.ReadBytes(8 * kMiB, kTiB, &out->block_cache_bytes);
     }},
    {"push",
     [](const Value& value, ServerConfig* out) { return ReadPushConfig(value, &out->push); }},
    {"limits",
     [](const Value& value, ServerConfig* out) { return ReadLimits(value, &out->limits); }},
};

}  // namespace

absl::StatusOr<ServerConfig> ParseConfig(std::string_view yaml, const std::string& path) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Value document, Value::Parse(yaml, path));
  ServerConfig config;
  // Before the sites, which take from it what they do not name.
  FLAMEKEEP_RETURN_IF_ERROR(
      document.ForEach("a map of keys and values", [&](const Value& key, const Value& value) {
        if (key.path() == "retention") return ReadRetention(value, &config.retention);
        if (key.path() == "limits") return ReadLimits(value, &config.limits);
        return absl::OkStatus();
      }));
  FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(document, kKeys, &config));
  return config;
}

absl::StatusOr<ServerConfig> LoadConfig(const std::string& path) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string yaml, ReadConfigFile(path));
  return ParseConfig(yaml, path);
}

}  // namespace flamekeep::server
