// The salts that labels are hashed with: one key for each period of time, counted from 1970. A
// sample belongs to the period of its own time, not to that in which it arrives, so that two
// servers that read one stream compute the same labels.
//
// A key is there from a day before its period begins until `keep` after it ended; then it is wiped,
// and what was hashed with it can not be told from other values any more, by nobody. A period never
// gets a second key in silence: what comes after its key is gone, or before it could be had, loses
// the label, which is counted.
//
// By itself a server makes its own keys, which end with it. Servers that share keys have them from
// a Redis server (redis_label_salts.h).
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_INGEST_LABEL_SALTS_H_
#define FLAMEKEEP_INGEST_LABEL_SALTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/label_key.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {

// A number of `rotate` since 1970.
enum class SaltPeriod : int64_t {};

struct LabelSaltOptions {
  absl::Duration rotate = absl::Hours(24);  // whole minutes
  absl::Duration keep = absl::Hours(24);    // after the end of a period
  bool shared = false;                      // keys come through Share() alone
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

class LabelSalts {
 public:
  struct Found {
    std::shared_ptr<const LabelKey> key;  // hold it no longer than for a batch; null: there is none
    bool may_come = false;                // shared ones: it could not be had yet
  };

  // `metrics` is not owned.
  LabelSalts(LabelSaltOptions options, Metrics* metrics);

  SaltPeriod PeriodOf(storage::Minute minute) const;
  // From the first minute of a period to behind its last.
  struct Minutes {
    int64_t begin = 0;
    int64_t end = 0;
  };
  Minutes MinutesOf(SaltPeriod period) const;
  // The key of a period. One that may come is asked for.
  Found Find(SaltPeriod period);
  // Wipes keys that have had their time. To be called about once a second.
  void Tick();

  // What follows is for who shares keys.

  struct Wanted {
    SaltPeriod period{};
    std::shared_ptr<const LabelKey> key;  // null: not known here
    absl::Duration left;                  // until it is to be wiped
  };
  // Periods whose keys are in use or asked for, this one and the next.
  std::vector<Wanted> Shared();
  // Waits until a key is asked for that is not known, at most for `timeout`, or until Stop().
  void WaitForWanted(absl::Duration timeout);
  void Stop();
  // The key that all servers have for a period. One that was known before gives way, and that is
  // counted: the period has two keys.
  void Share(SaltPeriod period, std::unique_ptr<const LabelKey> key);
  // Nobody has the key of the period any more.
  void SetGone(SaltPeriod period);

  const LabelSaltOptions& options() const { return options_; }

 private:
  struct Salt {
    std::shared_ptr<const LabelKey> key;
    bool gone = false;  // there was one, or nobody has it; never again
  };

  absl::Duration Left(SaltPeriod period, absl::Time now) const;
  // Whether samples of the period may have a key at this time.
  bool InTime(SaltPeriod period, absl::Time now) const;
  bool IsAsked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asked_ || stopped_; }
  void CountHeld(int change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LabelSaltOptions options_;
  const int64_t rotate_minutes_;
  Counter& conflicts_;
  Counter& wiped_;
  Gauge& held_;

  absl::Mutex mutex_;
  // A few bytes for each period of this process's life stay.
  std::map<SaltPeriod, Salt> salts_ ABSL_GUARDED_BY(mutex_);
  int held_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_LABEL_SALTS_H_
