// How one channel or stream of a Redis server is being read.
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_REDIS_STATUS_H_
#define FLAMEKEEP_INGEST_REDIS_STATUS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

struct RedisStatus {
  storage::SourceKind kind = storage::SourceKind::kPubSub;  // or kStream
  std::string site;
  std::string name;         // of the channel or stream
  std::string source_name;  // in the store: the name, with its server's where a site has several
  std::string address;      // without password
  bool connected = false;   // and, of a stream, the server lets it be read
  absl::Time since = absl::InfinitePast();         // of `connected`
  absl::Time last_message = absl::InfinitePast();  // by a stream's ids; InfinitePast: none yet
  std::string last_error;                          // empty: none yet
  uint64_t messages = 0;
  uint64_t queued = 0;  // received and not yet decoded; in a stream and not yet read

  // Streams only.
  std::string position;                       // id of the last entry that was read; empty: none yet
  absl::Duration lag = absl::ZeroDuration();  // from there to the newest entry
  uint64_t lost = 0;                          // entries removed before they were read
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STATUS_H_
