// Which hours and days of a store hold samples, and of what: what Arc Lamp's folders would hold.
// Reads keys of columns, not what they hold.
//
// Thread safety: none. Errors: UNAVAILABLE and DATA_LOSS of the store, DEADLINE_EXCEEDED.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_HISTORY_H_
#define FLAMEKEEP_SERVER_ARCLAMP_HISTORY_H_

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/arclamp/channels.h"
#include "storage/bucket.h"
#include "storage/ids.h"
#include "storage/snapshot.h"
#include "storage/store.h"

namespace flamekeep::server {

// Of which there is a log and a graph.
struct ArcLampEntry {
  std::string channel;
  std::string tag;

  auto operator<=>(const ArcLampEntry&) const = default;
};

// An hour or a day.
struct ArcLampBucket {
  storage::Bucket bucket{};
  // What it holds, and where the last stored bucket of that ends: to the minute while it is young,
  // to the hour or the day where it was rolled up.
  std::map<ArcLampEntry, storage::Minute> entries;
};

class ArcLampHistory {
 public:
  // As the store is now. It must outlive this; `deadline` is of SteadyNow().
  static absl::StatusOr<ArcLampHistory> Open(const storage::Store& store,
                                             std::vector<ArcLampChannel> channels,
                                             absl::Time deadline);

  // Those that it was opened with.
  absl::Span<const ArcLampChannel> channels() const { return channels_; }

  // The last hour or day that begins before `before`, or the first one that begins at `from` or
  // later, and holds samples of `channels`; nothing where there is none. One without entries is
  // how far it came within a bounded number of steps: call it again from there. What the store
  // keeps only as a part of something longer is not there.
  absl::StatusOr<std::optional<ArcLampBucket>> Before(
      storage::Level level, storage::Minute before,
      absl::Span<const ArcLampChannel> channels) const;
  absl::StatusOr<std::optional<ArcLampBucket>> From(
      storage::Level level, storage::Minute from, absl::Span<const ArcLampChannel> channels) const;

 private:
  ArcLampHistory(std::unique_ptr<storage::Snapshot> snapshot, std::vector<ArcLampChannel> channels,
                 std::vector<storage::SiteId> sites, absl::Time deadline)
      : snapshot_(std::move(snapshot)),
        channels_(std::move(channels)),
        sites_(std::move(sites)),
        deadline_(deadline) {}

  absl::Status CheckDeadline() const;
  // The bucket of the last, or first, one of any finer level that begins in the range.
  absl::StatusOr<std::optional<storage::Bucket>> Nearest(storage::Level level,
                                                         storage::MinuteRange range,
                                                         bool last) const;
  absl::StatusOr<ArcLampBucket> Read(const storage::Bucket& bucket,
                                     absl::Span<const ArcLampChannel> channels) const;
  absl::StatusOr<std::optional<ArcLampBucket>> Walk(
      storage::Level level, storage::MinuteRange range, bool back,
      absl::Span<const ArcLampChannel> channels) const;

  std::unique_ptr<storage::Snapshot> snapshot_;
  std::vector<ArcLampChannel> channels_;
  std::vector<storage::SiteId> sites_;  // of the channels
  absl::Time deadline_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_HISTORY_H_
