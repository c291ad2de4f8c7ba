// How a Redis server is read: its channels (redis_source.h) and its streams
// (redis_stream_source.h).
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_REDIS_SOURCE_OPTIONS_H_
#define FLAMEKEEP_INGEST_REDIS_SOURCE_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ingest/redis_url.h"
#include "ingest/relabel.h"

namespace flamekeep::ingest {

struct RedisSourceOptions {
  std::string site;
  RedisAddress address;
  std::string password_file;  // its first line is the password, read at each connect; wins over the
                              // address's
  std::vector<std::string> channels = {"excimer", "excimer-wall"};  // types: Pipeline::TypeOf
  std::vector<std::string> streams;  // the same; keys of the address's database
  // Behind the names of channels and streams in those of the sources, where a site has several
  // servers: each is complete, or not, by itself.
  std::string name_suffix;
  Relabel relabel;   // of the labels of lines and entries
  std::string node;  // this server's name, part of the identity of channels' sources

  uint64_t queue_bytes = uint64_t{64} << 20;
  uint64_t chunk_bytes = uint64_t{256} << 10;
  absl::Duration chunk_age = absl::Milliseconds(100);
  absl::Duration connect_timeout = absl::Seconds(5);  // until the subscription is confirmed
  // A connection without any byte for this long is asked for a sign of life, and closed if none
  // comes within the same time again. A stream's is closed where an answer takes so long.
  absl::Duration ping_after = absl::Seconds(15);
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(30);
  absl::Duration stream_idle = absl::Seconds(1);  // between looks at a stream where nothing comes
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_SOURCE_OPTIONS_H_
