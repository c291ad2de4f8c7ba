// How a Redis server is listened to. See redis_source.h.
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

namespace flamekeep::ingest {

struct RedisSourceOptions {
  std::string site;
  RedisAddress address;
  std::string password_file;  // its first line is the password, read at each connect; wins over the
                              // address's
  std::vector<std::string> channels = {"excimer", "excimer-wall"};  // types: Pipeline::TypeOf
  // Behind the channels' names in those of the sources, where a site has several servers: each is
  // complete, or not, by itself.
  std::string name_suffix;
  std::string node;  // this server's name, part of the sources' identity

  uint64_t queue_bytes = uint64_t{64} << 20;
  uint64_t chunk_bytes = uint64_t{256} << 10;
  absl::Duration chunk_age = absl::Milliseconds(100);
  absl::Duration connect_timeout = absl::Seconds(5);  // until the subscription is confirmed
  // A connection without any byte for this long is asked for a sign of life, and closed if none
  // comes within the same time again.
  absl::Duration ping_after = absl::Seconds(15);
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(30);
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_SOURCE_OPTIONS_H_
