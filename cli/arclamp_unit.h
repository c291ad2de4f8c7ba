// One hour or day of an Arc Lamp channel on its way to the server. See import_arclamp.h.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_ARCLAMP_UNIT_H_
#define FLAMEKEEP_CLI_ARCLAMP_UNIT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/arclamp_plan.h"
#include "cli/client.h"
#include "cli/import_file.h"
#include "cli/log_state.h"

namespace flamekeep::cli {

// The source of a channel's hour or day. `open` has the site and the labels.
v1::OpenSource ArcLampSource(const v1::OpenSource& open, const std::string& channel, bool is_daily,
                             absl::Time begin);

// What the server has for an hour or day, held open: nobody else writes it meanwhile.
class ArcLampEntry {
 public:
  static absl::StatusOr<ArcLampEntry> Open(const v1::OpenSource& source,
                                           const ImportTarget& target);

  // Nothing where it was never imported.
  const std::optional<LogState>& known() const { return known_; }

  // Keeps another state with what was imported before. Waits until it is durable.
  absl::Status SetState(const LogState& state);

  // Puts the logs in the place of what was there before. Waits until it is durable.
  absl::Status Replace(const ArcLampUnit& unit, const std::function<void(uint64_t)>& progress);

  v1::IngestCounts counts() const { return client_->counts(); }

 private:
  explicit ArcLampEntry(const ImportTarget* target) : target_(target) {}
  absl::Status SendOnce(const ArcLampUnit& unit, const std::function<void(uint64_t)>& progress);

  const ImportTarget* target_;
  std::unique_ptr<IngestClient> client_;
  std::optional<LogState> known_;
};

// Reads the logs without sending them. `progress` is told the bytes read of the files.
absl::StatusOr<LogState> ReadLogState(const ArcLampUnit& unit,
                                      const std::function<void(uint64_t)>& progress,
                                      const std::function<bool()>& cancelled);

// Whether an error tells of the logs themselves (damaged, gone) and not of the server.
bool IsLogProblem(const absl::Status& status);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_ARCLAMP_UNIT_H_
