// Arc Lamp's reader configuration (arclamp-log.yaml), so that a host can switch over as it is.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/redis_url.h"
#include "server/config.h"
#include "server/config_parts.h"
#include "server/yaml_value.h"

namespace flamekeep::server {

namespace {

using yaml::Key;
using yaml::ReadNumber;
using yaml::Value;

constexpr std::string_view kDefaultChannel = "arclamp";

// What python-redis takes beyond an address: about timing, pooling and decoding of a client that is
// not this one.
constexpr std::array<std::string_view, 24> kIgnoredRedisKeywords = {"socket_timeout",
                                                                    "socket_connect_timeout",
                                                                    "socket_keepalive",
                                                                    "encoding",
                                                                    "socket_keepalive_options",
                                                                    "encoding_errors",
                                                                    "charset",
                                                                    "errors",
                                                                    "decode_responses",
                                                                    "retry_on_timeout",
                                                                    "retry_on_error",
                                                                    "max_connections",
                                                                    "client_name",
                                                                    "health_check_interval",
                                                                    "single_connection_client",
                                                                    "ssl_keyfile",
                                                                    "ssl_certfile",
                                                                    "ssl_cert_reqs",
                                                                    "ssl_ca_certs",
                                                                    "ssl_ca_path",
                                                                    "ssl_ca_data",
                                                                    "ssl_check_hostname",
                                                                    "ssl_password",
                                                                    "auto_close_connection_pool"};

struct ArcLampForm {
  std::string site;
  ServerConfig* config;
  std::vector<ingest::RedisAddress> redis;
  std::string channel{kDefaultChannel};
};

struct RedisForm {
  ingest::RedisAddress address{.host = "localhost"};
  std::vector<std::string> ignored;
};

constexpr Key<RedisForm> kRedisKeys[] = {
    {"host", [](const Value& value,
                RedisForm* out) { return value.ReadString("a host", &out->address.host); }},
    {"port", [](const Value& value,
                RedisForm* out) { return ReadNumber(value, 1, 65535, &out->address.port); }},
    {"db", [](const Value& value,
              RedisForm* out) { return ReadNumber(value, 0, 1'000'000, &out->address.db); }},
    {"username",
     [](const Value& value, RedisForm* out) {
       return value.ReadString("a user name", &out->address.user);
     }},
    {"password",
     [](const Value& value, RedisForm* out) {
       return value.ReadSecret("a password", &out->address.password);
     }},
    {"unix_socket_path",
     [](const Value& value, RedisForm* out) {
       return value.ReadString("a path", &out->address.socket_path);
     }},
    {"ssl",
     [](const Value& value, RedisForm* out) {
       bool ssl = false;
       FLAMEKEEP_RETURN_IF_ERROR(value.ReadBool(&ssl));
       (void)out;
       if (!ssl) return absl::OkStatus();
       return value.Wrong(
           "is true, but this server speaks to Redis without TLS only: use a local stunnel");
     }},
};

absl::Status ReadRedis(const Value& value, ArcLampForm* out) {
  RedisForm form;
  const auto read = [&](const Value& key, const Value& item) -> absl::Status {
    std::string name;
    FLAMEKEEP_RETURN_IF_ERROR(key.ReadString("a name", &name));
    std::vector<std::string_view> known;
    for (const Key<RedisForm>& candidate : kRedisKeys) {
      // `password: null` is how Python says that there is none.
      if (candidate.name == name) {
        return item.IsNull() ? absl::OkStatus() : candidate.read(item, &form);
      }
      known.push_back(candidate.name);
    }
    if (std::find(kIgnoredRedisKeywords.begin(), kIgnoredRedisKeywords.end(), name) !=
        kIgnoredRedisKeywords.end()) {
      out->config->notes.push_back(
          fmt::format("{}: `{}` is not used here", value.file(), key.path()));
      return absl::OkStatus();
    }
    return yaml::UnknownKey(key, name, known);
  };
  FLAMEKEEP_RETURN_IF_ERROR(value.ForEach("a map such as {host: localhost, port: 6379}", read));
  if (!form.address.socket_path.empty()) form.address.host.clear();
  for (const ingest::RedisAddress& other : out->redis) {
    if (!SameRedisServer(other, form.address)) continue;
    return value.Wrong("is a Redis server that stands here twice: keep one of them");
  }
  out->redis.push_back(std::move(form.address));
  return absl::OkStatus();
}

absl::Status Note(const Value& value, std::string_view why, ArcLampForm* out) {
  out->config->notes.push_back(
      fmt::format("{}: `{}` is not used here: {}", value.file(), value.path(), why));
  return absl::OkStatus();
}

constexpr Key<ArcLampForm> kArcLampKeys[] = {
    {"base_path",
     [](const Value& value, ArcLampForm* out) {
       return Note(value, "samples are stored in the data directory", out);
     }},
    {"logs",
     [](const Value& value, ArcLampForm* out) {
       return Note(value, "no text logs are written, `retention` decides what is kept", out);
     }},
    {"redis",
     [](const Value& value, ArcLampForm* out) {
       if (!value.IsList()) return ReadRedis(value, out);
       return value.ForEach("a list", [&](const Value& item) { return ReadRedis(item, out); });
     }},
    {"redis_channel",
     [](const Value& value, ArcLampForm* out) {
       return value.ReadString("a channel's name", &out->channel);
     }},
};

bool SameServer(const RedisServerConfig& a, const ingest::RedisAddress& b) {
  return a.address == b && a.password_file.empty();
}

}  // namespace

absl::Status ParseArcLampConfig(std::string_view yaml, const std::string& path,
                                std::string_view site, ServerConfig* config) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckSiteName(site));
  FLAMEKEEP_ASSIGN_OR_RETURN(const Value document, Value::Parse(yaml, path));
  ArcLampForm form{.site = std::string(site), .config = config};
  FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(document, kArcLampKeys, &form));
  if (form.redis.empty()) return document.Wrong("needs the key `redis` with host and port");

  const auto existing = std::find_if(config->sites.begin(), config->sites.end(),
                                     [&](const SiteConfig& each) { return each.name == site; });
  if (existing == config->sites.end()) {
    SiteConfig added{.name = form.site, .channels = {form.channel}};
    for (ingest::RedisAddress& address : form.redis) {
      added.redis.push_back({std::move(address), ""});
    }
    config->sites.push_back(std::move(added));
    return absl::OkStatus();
  }
  // One file a channel is Arc Lamp's way; all of a site's channels are on all of its servers.
  const bool same =
      existing->redis.size() == form.redis.size() &&
      std::equal(existing->redis.begin(), existing->redis.end(), form.redis.begin(), SameServer);
  if (!same) {
    return document.Wrong(
        "has other Redis servers than the site \"{}\" has already: give it a site "
        "of its own with --site",
        site);
  }
  if (std::find(existing->channels.begin(), existing->channels.end(), form.channel) ==
      existing->channels.end()) {
    existing->channels.push_back(form.channel);
  }
  return absl::OkStatus();
}

absl::Status AddArcLampConfig(const std::string& path, std::string_view site,
                              ServerConfig* config) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  return ParseArcLampConfig(text, path, site, config);
}

}  // namespace flamekeep::server
