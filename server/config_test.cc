#include "server/config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/status.h"

namespace flamekeep::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

ServerConfig Parse(std::string_view yaml) {
  absl::StatusOr<ServerConfig> config = ParseConfig(yaml, "conf/f.yaml");
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *std::move(config) : ServerConfig{};
}

std::string ErrorOf(std::string_view yaml) {
  const absl::StatusOr<ServerConfig> config = ParseConfig(yaml, "f.yaml");
  if (config.ok()) return "no error";
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return Message(config.status());
}

TEST(ConfigTest, AnEmptyFileIsAllDefaults) {
  for (const std::string_view yaml : {"", "# nothing\n", "---\n", "{}"}) {
    const ServerConfig config = Parse(yaml);
    EXPECT_EQ(config.grpc, "127.0.0.1:4041");
    EXPECT_EQ(config.http, "127.0.0.1:4040");
    EXPECT_THAT(config.sites, IsEmpty());
    EXPECT_TRUE(config.rules.entry_point);
    EXPECT_EQ(config.retention.keep[0], absl::Hours(24 * 90));
  }
}

TEST(ConfigTest, ReadsEveryKey) {
  const ServerConfig config = Parse(R"yaml(
data: data
grpc: 0.0.0.0:1
http: off
node: mw1
sites:
  eqiad: "redis://host:6379"
  codfw: {redis: "redis://user:pass@other/2", password_file: /etc/secret, channels: [excimer]}
  esams:
    redis: [redis://a, "redis://b:1"]
    channels: {excimer: cpu, wall: "wall:wall:nanoseconds::"}
    streams: {excimer: cpu, heap: "heap:bytes:bytes::"}
  drmrs: {redis: redis://c, streams: [excimer-wall]}
profile_types: {x: y}
entry_point_label: false
labels:
  - {name: wiki, match: "wiki=(\\w+)"}
frame_rules:
  - {match: "/php-(?P<version>[^/]+)/", replace: "/php/"}
  - {match: "@[0-9]+", replace: ""}
retention: {minute: 7d, hour: 52w, day: forever}
flush_interval: 500ms
block_cache: 64MiB
limits:
  max_message: 32MiB
  queue: 10MB
  rpc_memory: 1GiB
  query_memory: 100MiB
  max_reply: 5MiB
  series_per_site: 5
  query_threads: 3
  decode_threads: 4
  queued_queries: 6
  streams_per_connection: 7
  http_connections: 8
  http_header: 8KiB
  http_memory: 32MiB
  query_timeout: 9s
  drain_timeout: 10s
push: {max_late: 2d, max_early: 1m, dedupe_window: 3h, max_batch_ids: 4000, forget_clients: 5d}
arclamp: {title: Wiki, functions: {Upload: "UploadBase::performUpload", Run: 'A\B::run'}}
)yaml");
  EXPECT_EQ(config.arclamp.title, "Wiki");
  EXPECT_THAT(config.arclamp.functions,
              ElementsAre(Pair("Run", "A\\B::run"), Pair("Upload", "UploadBase::performUpload")));
  EXPECT_EQ(config.data, "conf/data");
  EXPECT_EQ(config.grpc, "0.0.0.0:1");
  EXPECT_EQ(config.http, "off");
  EXPECT_EQ(config.node, "mw1");
  ASSERT_EQ(config.sites.size(), 4u);
  EXPECT_THAT(config.sites[0].streams, IsEmpty());
  EXPECT_THAT(config.sites[2].streams, ElementsAre("excimer", "heap"));
  EXPECT_THAT(config.sites[3].streams, ElementsAre("excimer-wall"));
  EXPECT_THAT(config.sites[3].channels, IsEmpty());
  EXPECT_EQ(config.sites[0].name, "eqiad");
  EXPECT_EQ(config.sites[0].redis[0].address.Display(), "redis://host:6379");
  EXPECT_THAT(config.sites[0].channels, ElementsAre("excimer", "excimer-wall"));
  EXPECT_EQ(config.sites[1].redis[0].address.password, "pass");
  EXPECT_EQ(config.sites[1].redis[0].address.db, 2u);
  EXPECT_EQ(config.sites[1].redis[0].password_file, "/etc/secret");
  EXPECT_THAT(config.sites[1].channels, ElementsAre("excimer"));
  ASSERT_EQ(config.sites[2].redis.size(), 2u);
  EXPECT_EQ(config.sites[2].redis[1].address.port, 1);
  EXPECT_THAT(config.sites[2].channels, ElementsAre("excimer", "wall"));
  EXPECT_THAT(
      config.profile_types,
      ElementsAre(Pair("excimer", "cpu:samples:count::"), Pair("heap", "heap:bytes:bytes::"),
                  Pair("wall", "wall:wall:nanoseconds::"), Pair("x", "y:samples:count::")));
  EXPECT_FALSE(config.rules.entry_point);
  ASSERT_EQ(config.rules.labels.size(), 1u);
  EXPECT_EQ(config.rules.labels[0].match, "wiki=(\\w+)");
  ASSERT_EQ(config.rules.frames.size(), 2u);
  EXPECT_EQ(config.rules.frames[0].replace, "/php/");
  EXPECT_EQ(config.rules.frames[1].replace, "");
  EXPECT_EQ(config.retention.keep[0], absl::Hours(24 * 7));
  EXPECT_EQ(config.retention.keep[1], absl::Hours(24 * 364));
  EXPECT_EQ(config.retention.keep[2], absl::InfiniteDuration());
  EXPECT_EQ(config.flush_interval, absl::Milliseconds(500));
  EXPECT_EQ(config.block_cache_bytes, uint64_t{64} << 20);
  EXPECT_EQ(config.limits.max_message_bytes, uint64_t{32} << 20);
  EXPECT_EQ(config.limits.queue_bytes, 10'000'000u);
  EXPECT_EQ(config.limits.series.series, 5u);
  EXPECT_EQ(config.limits.query_threads, 3u);
  EXPECT_EQ(config.limits.decode_threads, 4u);
  EXPECT_EQ(config.limits.max_queued_queries, 6u);
  EXPECT_EQ(config.limits.max_streams_per_connection, 7u);
  EXPECT_EQ(config.limits.max_http_connections, 8u);
  EXPECT_EQ(config.limits.http_header_bytes, uint64_t{8} << 10);
  EXPECT_EQ(config.limits.http_memory_bytes, uint64_t{32} << 20);
  EXPECT_EQ(config.limits.query_timeout, absl::Seconds(9));
  EXPECT_EQ(config.limits.drain_timeout, absl::Seconds(10));
  EXPECT_EQ(config.push.bounds.max_late, absl::Hours(48));
  EXPECT_EQ(config.push.bounds.max_early, absl::Minutes(1));
  EXPECT_EQ(config.push.dedupe_window, absl::Hours(3));
  EXPECT_EQ(config.push.max_batch_ids, 4000u);
  EXPECT_EQ(config.push.forget_clients, absl::Hours(120));
  EXPECT_TRUE(CheckConfig(config).ok()) << CheckConfig(config);
}

struct Golden {
  std::string_view yaml;
  std::string_view error;
};

TEST(ConfigTest, FunctionsOfArcLampAreThoseThatItDrewOrThoseOfTheFile) {
  EXPECT_EQ(Parse("").arclamp.title, "MediaWiki");
  EXPECT_THAT(Parse("arclamp: {title: x}").arclamp.functions,
              ElementsAre(Pair("EditAction", "MediaWiki\\Actions\\EditAction::show"),
                          Pair("PostSend", "MediaWiki\\MediaWikiEntryPoint::doPostOutputShutdown"),
                          Pair("PreSend", "MediaWiki\\MediaWikiEntryPoint::prepareForOutput"),
                          Pair("Upload", "UploadBase::performUpload")));
  EXPECT_THAT(Parse("arclamp: {functions: {}}").arclamp.functions, IsEmpty());
}

TEST(ConfigTest, ASiteMayKeepItsLevelsForItsOwnTime) {
  const absl::StatusOr<ServerConfig> config = ParseConfig(
      "sites:\n"
      "  a: {redis: \"redis://h\", retention: {minute: 30d}}\n"
      "  b: {retention: {hour: forever}}\n"
      "  c: \"redis://h2\"\n"
      "retention: {minute: 60d, hour: 400d}\n",
      "f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->sites.size(), 3);
  EXPECT_EQ(config->sites[0].retention->keep[0], absl::Hours(24 * 30));
  EXPECT_EQ(config->sites[0].retention->keep[1], absl::Hours(24 * 400));
  EXPECT_TRUE(config->sites[1].redis.empty());
  EXPECT_EQ(config->sites[1].retention->keep[0], absl::Hours(24 * 60));
  EXPECT_EQ(config->sites[1].retention->keep[1], absl::InfiniteDuration());
  EXPECT_FALSE(config->sites[2].retention.has_value());
}

TEST(ConfigTest, ErrorsNameThePlaceAndWhatToDo) {
  const Golden kGolden[] = {
      {"data: [", "f.yaml:1: this is not YAML: end of sequence flow not found (column 1)"},
      {"data: a\nsitse: {}\n", "f.yaml:2: `sitse` is unknown: did you mean `sites`?"},
      {"limits:\n  foo: 1\n",
       "f.yaml:2: `limits.foo` is unknown: use one of max_message, queue, rpc_memory, "
       "query_memory, all_queries_memory, query_cache_bytes, max_reply, series_per_site, "
       "values_per_label, query_threads, decode_threads, queued_queries, "
       "streams_per_connection, http_connections, http_header, http_memory, query_timeout, "
       "drain_timeout"},
      {"- a\n", "f.yaml:1: the file must be a map of keys and values, not a list"},
      {"data: a\n---\ndata: b\n",
       "f.yaml: holds more than one YAML document: remove the lines \"---\""},
      {"sites: &a [*a, *E]\n",
       "f.yaml:1: this is not YAML: aliases (*name) are not taken, write the value itself (column "
       "12)"},
      {"data: a\ndata: b\n", "f.yaml:2: `data` stands here twice: keep one of them"},
      {"data:\n", "f.yaml:1: `data` must be a path, not nothing"},
      {"grpc: [1]\n",
       "f.yaml:1: `grpc` must be an address such as 127.0.0.1:4041, or off, not a list"},
      {"grpc: localhost\n",
       "f.yaml:1: `grpc` can not be used: \"localhost\" is not an address: write HOST:PORT, such "
       "as 127.0.0.1:4041, or \"off\""},
      {"sites: [a]\n",
       "f.yaml:1: `sites` must be a map of site names to Redis servers, not a list"},
      {"sites: {1a: \"redis://h\"}\n",
       "f.yaml:1: `sites.1a` can not be used: \"1a\" is no site name: write a letter or \"_\", "
       "then letters, digits, \"_\", \".\" or \"-\", at most 64 in all"},
      {"sites:\n  a:\n    chanels: [x]\n",
       "f.yaml:3: `sites.a.chanels` is unknown: did you mean `channels`?"},
      {"sites:\n  a:\n    channels: [x]\n",
       "f.yaml:3: `sites.a` needs the key `redis` with an address such as redis://host:6379"},
      {"sites: {a: }\n",
       "f.yaml:1: `sites.a` must be an address such as redis://host:6379, or a map with the key "
       "`redis`"},
      {"sites: {a: {redis: [\"redis://h\", \"redis://h:1\", \"redis://u:p@H:6379/2\"]}}\n",
       "f.yaml:1: `sites.a.redis[2]` is a Redis server that stands here twice: keep one of them"},
      {"sites: {a: {redis: \"redis://h\", channels: []}}\n",
       "f.yaml:1: `sites.a.channels` names no channel: leave the key out to read excimer and "
       "excimer-wall, or only the streams where there is `streams`"},
      {"sites: {a: {redis: \"redis://h\", streams: []}}\n",
       "f.yaml:1: `sites.a.streams` names no stream: leave the key out to read none"},
      {"sites: {a: {redis: \"redis://h\", streams: [x, y, x]}}\n",
       "f.yaml:1: `sites.a.streams[2]` stands here twice: keep one of them"},
      {"sites: {a: {redis: \"redis://h\", channels: [x, x]}}\n",
       "f.yaml:1: `sites.a.channels[1]` stands here twice: keep one of them"},
      {"sites:\n  a: {redis: \"redis://h\", channels: {x: y}}\n"
       "  b: {redis: \"redis://h\", channels: {x: z}}\n",
       "f.yaml:3: `sites.b.channels.x` makes the channel a \"z:samples:count::\", elsewhere it is "
       "a \"y:samples:count::\": a channel has one type"},
      {"frame_rules:\n  - {replace: x}\n", "f.yaml:2: `frame_rules[0]` needs the key `match`"},
      {"labels: [{match: \"(x)\"}]\n", "f.yaml:1: `labels[0]` needs the key `name`"},
      {"retention: {minute: 90}\n",
       "f.yaml:1: `retention.minute` must be a duration: write a number and ms, s, m, h, d or w, "
       "such as 30s or 90d, not \"90\""},
      {"retention: {minute: 10m}\n",
       "f.yaml:1: `retention.minute` must be a duration from 1h to 366000d, not \"10m\""},
      {"retention: {minute: 3d, hour: 2d}\n",
       "f.yaml:1: `retention` keeps minutes for 3d and hours only for 2d: a coarser level must be "
       "kept as long"},
      {"sites:\n  a: {redis: \"redis://h\", retention: {minute: 800d}}\n",
       "f.yaml:2: `sites.a.retention` keeps minutes for 800d and hours only for 731d: a coarser "
       "level must be kept as long"},
      {"sites: {a: {retention: {hour: 30d}}}\nretention: {minute: 60d}\n",
       "f.yaml:1: `sites.a.retention` keeps minutes for 60d and hours only for 30d: a coarser "
       "level must be kept as long"},
      {"sites: {a: {channels: [x], retention: {hour: 300d}}}\n",
       "f.yaml:1: `sites.a` needs the key `redis` with an address such as redis://host:6379"},
      {"max_bytes: 1MiB\n",
       "f.yaml:1: `max_bytes` must be a size from 128MiB to 1024TiB, not \"1MiB\""},
      {"block_cache: 1\n", "f.yaml:1: `block_cache` must be a size from 8MiB to 1TiB, not \"1\""},
      {"block_cache: 99999999999GiB\n",
       "f.yaml:1: `block_cache` must be a size: write a number of bytes, or one with KiB, MiB or "
       "GiB, not \"99999999999GiB\""},
      {"limits: {query_threads: 0}\n",
       "f.yaml:1: `limits.query_threads` must be a whole number from 1 to 1024, not \"0\""},
      {"arclamp: {functions: {a.b: c}}\n",
       "f.yaml:1: `arclamp.functions.a.b` can not be a part of a file's name: write letters, "
       "digits, \"_\" and \"-\" only"},
      {"arclamp: {functions: {a: \"b;c\"}}\n",
       "f.yaml:1: `arclamp.functions.a` is no function: write one name of at most 1024 bytes, "
       "without \";\""},
      {"arclamp: {title: \"\"}\n", "f.yaml:1: `arclamp.title` must be a title, not \"\""},
      {"entry_point_label: yes\n",
       "f.yaml:1: `entry_point_label` must be true or false, not \"yes\""},
  };
  for (const Golden& golden : kGolden) EXPECT_EQ(ErrorOf(golden.yaml), golden.error);
}

TEST(ConfigTest, ErrorsOfRulesAndAddressesKeepTheirPlace) {
  EXPECT_THAT(ErrorOf("sites:\n  a: \"rediss://h\"\n"),
              StartsWith("f.yaml:2: `sites.a` can not be used: \"rediss://h\""));
  EXPECT_THAT(ErrorOf("frame_rules:\n- {match: \"(\"}\n"),
              StartsWith("f.yaml:2: `frame_rules[0]` can not be used: the frame rule \"(\""));
  EXPECT_THAT(ErrorOf("labels:\n- {name: site, match: \"(x)\"}\n"),
              StartsWith("f.yaml:2: `labels[0]` can not be used: the label name \"site\""));
  EXPECT_THAT(ErrorOf("profile_types:\n  a: \"b:c\"\n"),
              StartsWith("f.yaml:2: `profile_types.a` can not be used: \"b:c\""));
  EXPECT_THAT(ErrorOf("sites: {a: \"redis://u:hunter2@h:x\"}"), testing::Not(HasSubstr("hunter2")));
}

TEST(ConfigTest, SaysWhichFileItCanNotRead) {
  const auto missing = LoadConfig("/nonexistent/f.yaml");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Message(missing.status()),
            "can not read the configuration file /nonexistent/f.yaml: No such file or directory");
  EXPECT_EQ(Message(LoadConfig("/tmp").status()),
            "can not read the configuration file /tmp: Is a directory");
}

TEST(ConfigTest, PathsAreRelativeToTheFile) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "config_test";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "f.yaml") << "data: d\nsites: {a: {redis: h, password_file: p}}\n";
  const auto config = LoadConfig((directory / "f.yaml").string());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->data, (directory / "d").string());
  EXPECT_EQ(config->sites[0].redis[0].password_file, (directory / "p").string());
}

TEST(CheckConfigTest, LooksAtTheWhole) {
  EXPECT_THAT(Message(CheckConfig({})), HasSubstr("--data DIR"));
  EXPECT_THAT(Message(CheckConfig({.data = "d", .grpc = "x"})), StartsWith("`grpc` is wrong: "));
  EXPECT_THAT(Message(CheckConfig({.data = "d", .http = ":1"})), StartsWith("`http` is wrong: "));
  ServerConfig config{.data = "d",
                      .sites = {{.name = "a", .redis = {{}}, .channels = {"1 channel"}}}};
  EXPECT_THAT(Message(CheckConfig(config)), HasSubstr("profile_types: {1 channel: NAME}"));
  config.profile_types["1 channel"] = "x:samples:count::";
  EXPECT_TRUE(CheckConfig(config).ok());
  config.sites[0].streams = {"excimer", "my:stream"};
  EXPECT_THAT(Message(CheckConfig(config)), HasSubstr("the stream \"my:stream\" of site a"));
}

// ----------------------------------------------------------------------------- arclamp-log.yaml

absl::Status AddArcLamp(std::string_view yaml, ServerConfig* config,
                        std::string_view site = "default") {
  return ParseArcLampConfig(yaml, "arclamp-log.yaml", site, config);
}

TEST(ArcLampConfigTest, ReadsWikimediasFiles) {
  ServerConfig config;
  for (const std::string_view channel : {"excimer", "excimer-wall"}) {
    const absl::Status status = AddArcLamp(fmt::format(R"(
base_path: /srv/arclamp
redis:
  host: mwlog1002.eqiad.wmnet
  port: 6379
  socket_timeout: 30
redis_channel: {}
logs:
  - period: hourly
    format: '%Y-%m-%d_%H.{}'
    retain: 336
)",
                                                       channel, channel),
                                           &config, "eqiad");
    ASSERT_TRUE(status.ok()) << status;
  }
  ASSERT_EQ(config.sites.size(), 1u);
  EXPECT_EQ(config.sites[0].name, "eqiad");
  EXPECT_EQ(config.sites[0].redis[0].address.Display(), "redis://mwlog1002.eqiad.wmnet:6379");
  EXPECT_THAT(config.sites[0].channels, ElementsAre("excimer", "excimer-wall"));
  EXPECT_THAT(config.notes,
              testing::Contains("arclamp-log.yaml: `logs` is not used here: no text logs are "
                                "written, `retention` decides what is kept"));
  EXPECT_THAT(config.notes,
              testing::Contains("arclamp-log.yaml: `redis.socket_timeout` is not used here"));
}

TEST(ArcLampConfigTest, ReadsAListOfServersAndCredentials) {
  ServerConfig config;
  const absl::Status status = AddArcLamp(R"(
redis:
  - {host: a, username: u, password: "p w", db: 3}
  - {unix_socket_path: /run/redis.sock, password: null}
)",
                                         &config);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(config.sites[0].redis.size(), 2u);
  EXPECT_EQ(config.sites[0].redis[0].address,
            (ingest::RedisAddress{.host = "a", .db = 3, .user = "u", .password = "p w"}));
  EXPECT_EQ(config.sites[0].redis[1].address,
            (ingest::RedisAddress{.socket_path = "/run/redis.sock"}));
  EXPECT_THAT(config.sites[0].channels, ElementsAre("arclamp"));
}

TEST(ArcLampConfigTest, ErrorsNameThePlaceAndWhatToDo) {
  const Golden kGolden[] = {
      {"redis_channel: x\n",
       "arclamp-log.yaml:1: the file needs the key `redis` with host and port"},
      {"redis: {host: a, ssl: true}\n",
       "arclamp-log.yaml:1: `redis.ssl` is true, but this server speaks to Redis without TLS only: "
       "use a local stunnel"},
      {"redis: {host: a, prot: 1}\n",
       "arclamp-log.yaml:1: `redis.prot` is unknown: did you mean `port`?"},
      {"redis: {host: a, password: [secret]}\n",
       "arclamp-log.yaml:1: `redis.password` must be a password"},
      {"redis: {host: a, port: 0}\n",
       "arclamp-log.yaml:1: `redis.port` must be a whole number from 1 to 65535, not \"0\""},
      {"redis: [{host: a}, {host: b}, {host: a, db: 1}]\n",
       "arclamp-log.yaml:1: `redis[2]` is a Redis server that stands here twice: keep one of them"},
      {"redis: localhost\n",
       "arclamp-log.yaml:1: `redis` must be a map such as {host: localhost, port: 6379}, not "
       "\"localhost\""},
  };
  for (const Golden& golden : kGolden) {
    ServerConfig config;
    EXPECT_EQ(Message(AddArcLamp(golden.yaml, &config)), golden.error);
  }
  ServerConfig config;
  ASSERT_TRUE(AddArcLamp("redis: {host: a}\n", &config).ok());
  EXPECT_EQ(Message(AddArcLamp("redis: {host: b}\n", &config)),
            "arclamp-log.yaml:1: the file has other Redis servers than the site \"default\" has "
            "already: give it a site of its own with --site");
  EXPECT_FALSE(AddArcLamp("redis: {host: b}\n", &config, "no site").ok());
}

}  // namespace
}  // namespace flamekeep::server
