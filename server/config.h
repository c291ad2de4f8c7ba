// What the server is told: a YAML file, Arc Lamp's own configuration file, and flags that override
// both. docs/operations.md explains each key; the smallest file is none at all (`serve --data
// DIR`).
//
//   data: /var/lib/flamekeep
//   sites:
//     eqiad: "redis://arclamp1001:6379"
//     codfw: {redis: "redis://reader@arclamp2001", password_file: /etc/flamekeep/codfw,
//             channels: [excimer], streams: [excimer-wall], retention: {minute: 30d}}
//   labels:
//     - {name: wiki, match: ";wiki=(\\w+)"}
//   frame_rules:
//     - {match: "/php-(?P<version>[^/]+)/", replace: "/php/"}
//   retention: {minute: 90d, hour: 731d, day: forever}
//
// Reading is strict: an unknown key, a wrong type or a value outside its range is an
// INVALID_ARGUMENT error of one sentence with the file, the line and what to write instead. A file
// that can not be read is a NOT_FOUND or PERMISSION_DENIED error that names it.
//
// Thread safety: plain data.
#ifndef FLAMEKEEP_SERVER_CONFIG_H_
#define FLAMEKEEP_SERVER_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/pipeline.h"
#include "ingest/push_bounds.h"
#include "ingest/redis_url.h"
#include "ingest/relabel.h"
#include "ingest/rules.h"
#include "ingest/series_cap.h"
#include "server/arclamp/url_config.h"
#include "storage/store.h"

namespace flamekeep::server {

// One Redis server that publishes a site's samples.
struct RedisServerConfig {
  ingest::RedisAddress address;
  std::string password_file;  // its first line is the password; empty: the address's, or none
};

struct SiteConfig {
  std::string name;
  std::vector<RedisServerConfig> redis;
  std::vector<std::string> channels;            // of every server; pub/sub
  std::vector<std::string> streams;             // the same
  std::optional<storage::Retention> retention;  // nothing: that of the server
  ingest::RelabelRules relabel;                 // of its channels and streams, before the server's
  std::optional<ingest::SeriesLimits> limits;   // nothing: those of the server
};

struct LimitsConfig {
  uint64_t max_message_bytes = uint64_t{16} << 20;  // of one gRPC message or HTTP body
  uint64_t queue_bytes = uint64_t{64} << 20;        // of a source, received and not yet decoded
  // Of batches received and not yet decoded; gRPC's own buffers may take 64 MiB more.
  uint64_t rpc_memory_bytes = uint64_t{256} << 20;
  uint64_t query_memory_bytes = uint64_t{512} << 20;  // of one query
  uint64_t all_queries_memory_bytes = uint64_t{768} << 20;
  uint64_t query_cache_bytes = uint64_t{64} << 20;  // of kept answers; a part of the former
  uint64_t max_reply_bytes = uint64_t{256} << 20;   // of one flame graph
  // Of sites without limits of their own. Beyond them pushed samples are refused, others kept
  // without labels.
  ingest::SeriesLimits series;
  uint32_t query_threads = 2;  // for long queries; there is one more for short ones
  uint32_t decode_threads = 2;
  uint32_t max_queued_queries = 64;  // further ones get RESOURCE_EXHAUSTED
  uint32_t max_streams_per_connection = 100;
  uint32_t max_http_connections = 256;
  uint64_t http_header_bytes = uint64_t{64} << 10;   // of one request
  uint64_t http_memory_bytes = uint64_t{256} << 20;  // of all bodies in hand
  absl::Duration query_timeout = absl::Seconds(60);  // where a client sets no earlier deadline
  absl::Duration drain_timeout = absl::Seconds(20);  // how long a shutdown waits for work in hand
};

// Of what clients push; imports and Redis sources have no such bounds.
struct PushConfig {
  ingest::PushBounds bounds;
  // Of clients that know no sites (Pyroscope, OpenTelemetry): a label that names the site, and the
  // site of those without it.
  std::string site = "default";
  std::string site_label = "site";
  // Of labels of what is pushed and imported, before the server's. Nothing: the server's, and then
  // DefaultProfileRules().
  std::optional<ingest::RelabelRules> relabel;
  absl::Duration dedupe_window = absl::Hours(24);        // how long batch ids are remembered
  uint64_t max_batch_ids = 1'000'000;                    // how many of them
  absl::Duration forget_clients = absl::Hours(24 * 30);  // numbered ones, silent for so long
};

// The salts of labels that are hashed.
struct LabelSaltsConfig {
  absl::Duration rotate = absl::Hours(24);    // whole minutes
  absl::Duration keep = absl::Hours(24);      // after the end of such a period
  std::optional<ingest::RedisAddress> redis;  // that nodes share them through; nothing: its own
  std::string password_file;
};

struct ServerConfig {
  std::string data;                     // the store's directory; required
  std::string grpc = "127.0.0.1:4041";  // port 0: a free one; "off": none
  std::string http = "127.0.0.1:4040";  // the same
  std::string node;                     // empty: this host's name
  std::string ready_file;               // flag only: see server.h

  std::vector<SiteConfig> sites;
  // Of channels, wherever they come from; a channel that is not here is its own bare type.
  ingest::ChannelTypes profile_types;
  ingest::RuleOptions rules;     // labels and frames
  ingest::RelabelRules relabel;  // of all sources, behind their own
  LabelSaltsConfig label_salts;

  storage::Retention retention;
  uint64_t max_bytes = 0;        // of the store; 0: no limit
  std::string backup_directory;  // empty: no backups are made
  absl::Duration flush_interval = absl::Seconds(1);
  uint64_t block_cache_bytes = uint64_t{256} << 20;
  LimitsConfig limits;
  PushConfig push;
  ArcLampUrlConfig arclamp;

  // Remarks of the reader that are not errors (settings of Arc Lamp's that have no meaning here);
  // logged when the server starts.
  std::vector<std::string> notes;
};

// Reads a configuration file. Relative paths in it are relative to its directory.
absl::StatusOr<ServerConfig> LoadConfig(const std::string& path);
// The same from memory; `path` is for messages and relative paths.
absl::StatusOr<ServerConfig> ParseConfig(std::string_view yaml, const std::string& path);

// Reads Arc Lamp's `arclamp-log.yaml` and adds what it reads from as the site `site`: its Redis
// server, or list of servers, and its channel. `logs` and `base_path` are noted and not used. May
// be called for several files: the same site gets all their channels.
absl::Status AddArcLampConfig(const std::string& path, std::string_view site, ServerConfig* config);
absl::Status ParseArcLampConfig(std::string_view yaml, const std::string& path,
                                std::string_view site, ServerConfig* config);

// What only the whole can tell, flags included: `data` is set, addresses, names and rules are well
// formed. Serve() calls it.
absl::Status CheckConfig(const ServerConfig& config);

// What becomes of the labels of a site's channels and streams, and of what is pushed and imported.
// Errors: those of Relabel::Make().
absl::StatusOr<ingest::Relabel> MakeSiteRelabel(const ServerConfig& config, const SiteConfig& site);
absl::StatusOr<ingest::Relabel> MakePushRelabel(const ServerConfig& config);

// What a configuration says of the store; metrics and what tests set are left out.
storage::StoreOptions MakeStoreOptions(const ServerConfig& config);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_CONFIG_H_
