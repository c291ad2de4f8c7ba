// Salts of labels that servers share through a Redis server, which holds each under the key
//
//   flamekeep:label-salt:ROTATE:PERIOD      seconds, and their number since 1970
//
// with an expiry at the end of its time. The first server that needs one makes it (SET NX), all
// take what is there (GET). Every ten seconds all that are in use are offered again, so that a
// Redis server that was restarted empty gets them back; where another server was faster with a new
// one, it counts for all from then on, and label_salt_conflicts_total says so.
//
// A salt is made until shortly before its expiry; a period without one is then without one for
// ever. The salts are to be on no disk: a Redis server that writes its data to one is warned of.
// Buffers of hiredis and of the sockets, through which they come, are freed and not wiped.
//
// Thread safety: all methods. Ownership: the salts outlive it.
#ifndef FLAMEKEEP_INGEST_REDIS_LABEL_SALTS_H_
#define FLAMEKEEP_INGEST_REDIS_LABEL_SALTS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/label_salts.h"
#include "ingest/redis_url.h"

namespace flamekeep::ingest {

struct RedisLabelSaltsOptions {
  RedisAddress address;
  std::string password_file;  // its first line is the password; wins over the address's
  absl::Duration timeout = absl::Seconds(5);  // of a connection, and of what is asked
  absl::Duration interval = absl::Seconds(10);
  absl::Duration retry = absl::Seconds(1);
};

class RedisLabelSalts {
 public:
  // Begins, and waits no longer than `timeout` for the salts of this time. A server that is not
  // there is tried again for ever. Errors: NOT_FOUND for a password file that can not be read.
  static absl::StatusOr<std::unique_ptr<RedisLabelSalts>> Start(RedisLabelSaltsOptions options,
                                                                LabelSalts* salts,
                                                                Metrics* metrics);
  ~RedisLabelSalts();
  RedisLabelSalts(const RedisLabelSalts&) = delete;
  RedisLabelSalts& operator=(const RedisLabelSalts&) = delete;

 private:
  struct Impl;
  explicit RedisLabelSalts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_LABEL_SALTS_H_
