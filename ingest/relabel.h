// What becomes of labels, whoever gives them: rules that find them in lines and frames, fields of a
// stream's entries, clients that push, samples of profiles. The first rule that names a label
// decides:
//
//   {keep: service_name}
//   {rename: k8s.pod.name, to: pod}
//   {hash: user.id, to: user}       a keyed hash of the value (label_salts.h)
//   {drop: "*"}                     all that no rule names
//
// Names are compared with every character that no label may have written as "_": "service.name" and
// "service_name" are one. Where two labels become one, that of the earlier rule stays, of two that
// no rule names the first.
//
// Thread safety: const methods may be called from several threads. Copies share the compiled rules.
#ifndef FLAMEKEEP_INGEST_RELABEL_H_
#define FLAMEKEEP_INGEST_RELABEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

class LabelKey;
struct LabelScope;

struct RelabelRule {
  enum class Action : uint8_t { kKeep, kRename, kHash, kDrop };
  Action action = Action::kKeep;
  std::string label;  // the name it is given with; "*": any
  std::string to;     // kRename, kHash: the name it gets; empty with kHash: the same
};
using RelabelRules = std::vector<RelabelRule>;

inline constexpr std::string_view kAnyLabel = "*";
inline constexpr size_t kMaxRelabelRules = 1000;
inline constexpr size_t kMaxRelabelled = 128;  // labels of one sample; as many as a series may have

// Keeps what senders of all kinds call a service and its place.
RelabelRules DefaultProfileRules();

// The name of a label as it can be stored: other characters are "_".
std::string LabelNameOf(std::string_view name);

// Labels behind the rules, but for the hashes, which depend on when a sample was taken.
class RelabelledLabels {
 public:
  // Adds a label unless one of its name and a rank at least as low is there. False: there are
  // kMaxRelabelled others.
  bool Add(std::string_view name, std::string_view value, uint32_t rank, bool hash);
  // Adds those of `others` that have other names.
  void AddBehind(const RelabelledLabels& others);
  void clear() { labels_.clear(); }
  size_t size() const { return labels_.size(); }

  // Whether what Seal() makes depends on the key.
  bool hashed() const;
  // With the hashes. Without a key labels that are to be hashed are left out, and kLabelUnhashed is
  // set in `*flags`.
  storage::Labels Seal(const LabelKey* key, uint8_t* flags) const;

 private:
  struct Label {
    std::string name;
    std::string value;
    uint32_t rank;
    bool hash;
  };
  std::vector<Label> labels_;  // sorted by name
};

class Relabel {
 public:
  Relabel();  // no rules: labels stay as they are

  // Several lists are one behind the other: what the first names, the second does not decide.
  // Errors: INVALID_ARGUMENT for a name that no label may have, or a rule that another one of its
  // list leaves nothing for.
  static absl::StatusOr<Relabel> Make(absl::Span<const RelabelRules> lists);
  static absl::StatusOr<Relabel> Make(const RelabelRules& rules) {
    return Make(absl::MakeConstSpan(&rules, 1));
  }

  bool empty() const;
  // Whether a rule hashes.
  bool hashes() const;
  // Of all rules; 0 where there are none.
  uint64_t Hash() const;

  // What becomes of a label that no rule names.
  enum class Unnamed : uint8_t { kKept, kDropped };
  enum class Fate : uint8_t { kKept, kDropped, kNotNamed, kTooLong, kTooMany };
  // Any bytes are allowed in a value: unreadable ones become \xNN. An empty value is none.
  Fate Add(std::string_view name, std::string_view value, Unnamed unnamed,
           RelabelledLabels* labels) const;
  // Labels that are well formed already, those that no rule names kept.
  RelabelledLabels Of(const storage::Labels& labels) const;
  // Of the labels of samples with that key: null where there is none.
  LabelScope Scope(std::shared_ptr<const LabelKey> key) const;

  // Whether a label of this name may be kept where those that no rule names are not: saves who
  // would have to make its value.
  bool Keeps(std::string_view name) const;

 private:
  struct Compiled;
  struct Verdict;
  explicit Relabel(std::shared_ptr<const Compiled> compiled);
  const Verdict* Find(std::string_view name) const;

  std::shared_ptr<const Compiled> compiled_;
};

// What the labels of some samples go through.
struct LabelScope {
  Relabel relabel;
  std::shared_ptr<const LabelKey> key;  // of their time; null: nothing is hashed, or can be
  uint64_t id = 0;  // scopes that make other labels of the same ones have others; 0: no rules
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_RELABEL_H_
