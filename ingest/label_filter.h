// What becomes of the labels that profiles bring: labels of pprof samples, attributes of
// OpenTelemetry, labels of Pyroscope's series. Each different list of values is a series, and
// senders put process ids and pod names there, so only what is listed is kept.
//
//   {from: "k8s.pod.name", as: "pod"}        renamed
//   {from: "user.id", as: "user", hash: true} kept as a hash of its value
//
// Names are compared with every character that no label may have written as "_": "service.name" and
// "service_name" are one.
//
// Thread safety: const methods may be called from several threads.
#ifndef FLAMEKEEP_INGEST_LABEL_FILTER_H_
#define FLAMEKEEP_INGEST_LABEL_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/string_hash.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

struct KeptLabel {
  std::string from;  // the sender's name
  std::string as;    // ours; empty: the same
  bool hash = false;
};

// What senders of all kinds call a service and its place.
std::vector<KeptLabel> DefaultKeptLabels();

// The name of a label as it can be stored: other characters are "_".
std::string LabelNameOf(std::string_view name);

class LabelFilter {
 public:
  LabelFilter();  // DefaultKeptLabels()

  // Errors: INVALID_ARGUMENT for a name that no label may have, or two entries for one name.
  static absl::StatusOr<LabelFilter> Make(const std::vector<KeptLabel>& kept);

  enum class Fate { kKept, kNotListed, kTooLong };
  // Adds the label unless `labels` has it. Any bytes are allowed: unreadable ones become \xNN. An
  // empty value is none.
  Fate Add(std::string_view name, std::string_view value, storage::Labels* labels) const;

  // Whether a label of this name may be kept; saves who would have to make its value.
  bool Keeps(std::string_view name) const { return Find(name) != nullptr; }

 private:
  struct Kept {
    std::string as;
    bool hash = false;
  };
  using ByName = absl::flat_hash_map<std::string, Kept, StringHash, std::equal_to<>>;

  explicit LabelFilter(ByName kept) : kept_(std::move(kept)) {}
  const Kept* Find(std::string_view name) const;

  ByName kept_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_LABEL_FILTER_H_
