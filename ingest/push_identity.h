// What a pushing client says it is, checked, and the names under which the store knows it.
//
// Thread safety: values.
#ifndef FLAMEKEEP_INGEST_PUSH_IDENTITY_H_
#define FLAMEKEEP_INGEST_PUSH_IDENTITY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ingest/relabel.h"
#include "storage/bucket.h"
#include "storage/profile_type.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

inline constexpr size_t kMaxSourceBytes = 512;
inline constexpr size_t kMaxLabels = 64;  // of an identity; the rules may find as many more

// kProfile: each batch is one profile of its own, taken apart by whoever knows its form.
enum class PushFormat : uint8_t { kFolded, kTimedFolded, kPprof, kProfile };

struct PushIdentity {
  std::string source;
  std::string site;
  storage::SourceKind kind = storage::SourceKind::kPush;  // or kImport
  PushFormat format = PushFormat::kFolded;
  // kFolded, kPprof. Bare or five parts; of pprof it may be empty: see PprofOptions::name.
  std::string profile_type;
  // A push may leave it out: each batch then has its time of arrival, or a profile its own.
  std::optional<absl::Time> time;
  storage::Level resolution = storage::Level::kMinute;
  storage::Labels labels;       // in any order
  RelabelledLabels relabelled;  // more, behind the rules; `labels` win
  std::string owner;            // of replacements; empty: the source
  bool amend = false;           // kImport only: may change ranges that live sources have made final
};

// An identity within its rules.
struct CheckedIdentity {
  storage::SourceKey source;  // whose numbers they are
  storage::SourceKey owner;   // whose content replacements are
  PushFormat format = PushFormat::kFolded;
  storage::ProfileType type;              // kFolded only
  std::string profile_name;               // kPprof only
  std::optional<storage::Minute> minute;  // of all samples
  storage::Level resolution = storage::Level::kMinute;
  storage::Labels labels;  // sorted
  bool amend = false;
};

// Whether an identity may have so many labels, for who wants to know before it copies them. Errors:
// INVALID_ARGUMENT.
absl::Status CheckLabelCount(size_t count);
// Labels that a client gives, sorted; those without a value are left out. Errors: INVALID_ARGUMENT.
absl::StatusOr<storage::Labels> CheckLabels(const storage::Labels& labels);

// Errors: INVALID_ARGUMENT. The site's name is left to the store.
absl::StatusOr<CheckedIdentity> CheckIdentity(const PushIdentity& identity, absl::Time now);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_IDENTITY_H_
