// Requests of other systems' clients -> the hub: OpenTelemetry's and Pyroscope's. Each profile of a
// request is a batch of its own, with an id where the sender gives one, so that a request that is
// sent again counts once. A profile that can not be read does not hold the others up.
//
// These clients know no sites: the site is the value of the label `site_label` where a profile has
// it, else `site`.
//
// Thread safety: functions of their arguments; the hub has its own.
#ifndef FLAMEKEEP_INGEST_FOREIGN_PUSH_H_
#define FLAMEKEEP_INGEST_FOREIGN_PUSH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingest/push.h"
#include "ingest/relabel.h"
#include "ingest/sample_stream.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::ingest {

// Of one request; what is beyond is rejected.
inline constexpr size_t kMaxProfiles = 10'000;

struct ForeignOptions {
  std::string site = "default";
  std::string site_label = "site";  // empty: none
};

// What became of a request.
struct ForeignResult {
  std::optional<storage::Ticket> ticket;  // durable: all that was taken in is
  LineCounts counts;
  uint64_t profiles = 0;           // in the request
  uint64_t duplicates = 0;         // of these, counted before
  uint64_t rejected_profiles = 0;  // of these, nothing was taken in
  absl::Status first_error;        // why the first of them was rejected
};

// A batch of a request, and how it becomes samples.
class ForeignRequest {
 public:
  // The pointers are not owned. `source` names the sender's kind: "otlp", "pyroscope".
  ForeignRequest(PushHub* hub, const ForeignOptions* options, std::string source)
      : hub_(hub), options_(options), source_(std::move(source)) {}

  // What labels of the sender's say of a profile: its site, and labels that are kept.
  struct Origin {
    std::string site;
    RelabelledLabels labels;
  };
  Origin NewOrigin() const { return {.site = options_->site}; }
  void AddLabelTo(std::string_view name, std::string_view value, Origin* origin) const;

  // Appends a profile. Errors: those that can go away, such as RESOURCE_EXHAUSTED; all else is
  // noted in the result.
  absl::Status Append(const Origin& origin, std::string_view id, DecodeProfile decode);
  void RejectProfile(absl::Status why);

  const ForeignResult& result() const { return result_; }

 private:
  PushHub* const hub_;
  const ForeignOptions* const options_;
  const std::string source_;
  ForeignResult result_;
};

// ExportProfilesServiceRequest in protobuf. Errors: INVALID_ARGUMENT where it is none; those that
// can go away.
absl::StatusOr<ForeignResult> PushOtlp(PushHub* hub, const ForeignOptions& options,
                                       std::string_view request);

// push.v1.PushRequest in protobuf. Errors: the same.
absl::StatusOr<ForeignResult> PushPyroscope(PushHub* hub, const ForeignOptions& options,
                                            std::string_view request);

// A sentence on what was rejected of a request; empty where nothing was.
std::string RejectedText(const ForeignResult& result, const PushBounds& bounds);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_FOREIGN_PUSH_H_
