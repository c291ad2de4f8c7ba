#include "ingest/relabel.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "base/status.h"
#include "base/string_hash.h"
#include "ingest/folded.h"
#include "ingest/label_key.h"
#include "ingest/rules.h"

namespace flamekeep::ingest {
namespace {

using Action = RelabelRule::Action;

constexpr uint32_t kUnnamedRank = std::numeric_limits<uint32_t>::max();

constexpr std::array<std::string_view, 17> kDefaultKept = {
    "service_name",
    "service_namespace",
    "service_version",
    "namespace",
    "deployment_environment",
    "deployment_environment_name",
    "environment",
    "env",
    "cluster",
    "k8s_cluster_name",
    "k8s_namespace_name",
    "region",
    "cloud_region",
    "version",
    "job",
    "entry_point",
    "endpoint",
};

std::string_view ActionName(Action action) {
  switch (action) {
    case Action::kKeep:
      return "keep";
    case Action::kRename:
      return "rename";
    case Action::kHash:
      return "hash";
    case Action::kDrop:
      return "drop";
  }
  return "";
}

absl::Status CheckRule(const RelabelRule& rule) {
  if (rule.label.empty()) {
    return InvalidArgument("a rule names no label: write {{{}: NAME}}", ActionName(rule.action));
  }
  const bool renames = rule.action == Action::kRename || rule.action == Action::kHash;
  if (!rule.to.empty() && !renames) {
    return InvalidArgument("the rule {{{}: {:.80}}} gives no name: leave `to` out",
                           ActionName(rule.action), rule.label);
  }
  if (rule.label == kAnyLabel) {
    if (rule.action != Action::kRename && rule.to.empty()) return absl::OkStatus();
    return InvalidArgument(
        "\"*\" stands for all labels, which can not have one name: leave `to` "
        "out, and write keep, hash or drop");
  }
  if (rule.action == Action::kDrop) return absl::OkStatus();
  if (rule.action == Action::kRename && rule.to.empty()) {
    return InvalidArgument("the rule {{rename: {:.80}}} does not say how: add `to: NAME`",
                           rule.label);
  }
  return CheckLabelName(rule.to.empty() ? LabelNameOf(rule.label) : rule.to);
}

}  // namespace

RelabelRules DefaultProfileRules() {
  RelabelRules rules;
  rules.reserve(kDefaultKept.size());
  for (const std::string_view name : kDefaultKept) {
    rules.push_back({.action = Action::kKeep, .label = std::string(name)});
  }
  return rules;
}

std::string LabelNameOf(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  if (!out.empty() && absl::ascii_isdigit(static_cast<unsigned char>(out[0]))) out.insert(0, "_");
  return out;
}

bool RelabelledLabels::Add(std::string_view name, std::string_view value, uint32_t rank,
                           bool hash) {
  if (value.empty()) return true;
  const auto it =
      std::lower_bound(labels_.begin(), labels_.end(), name,
                       [](const Label& label, std::string_view n) { return label.name < n; });
  if (it == labels_.end() || it->name != name) {
    if (labels_.size() >= kMaxRelabelled) return false;
    labels_.insert(it, Label{std::string(name), std::string(value), rank, hash});
  } else if (rank < it->rank) {
    *it = {std::string(name), std::string(value), rank, hash};
  }
  return true;
}

void RelabelledLabels::AddBehind(const RelabelledLabels& others) {
  for (const Label& label : others.labels_) {
    Add(label.name, label.value, kUnnamedRank, label.hash);
  }
}

bool RelabelledLabels::hashed() const {
  return std::any_of(labels_.begin(), labels_.end(), [](const Label& l) { return l.hash; });
}

storage::Labels RelabelledLabels::Seal(const LabelKey* key, uint8_t* flags) const {
  storage::Labels sealed;
  sealed.reserve(labels_.size());
  for (const Label& label : labels_) {
    if (!label.hash) {
      sealed.emplace_back(label.name, label.value);
    } else if (key != nullptr) {
      sealed.emplace_back(label.name, key->Hash(label.name, label.value));
    } else {
      *flags |= kLabelUnhashed;
    }
  }
  return sealed;
}

struct Relabel::Verdict {
  Action action = Action::kKeep;
  std::string to;  // empty: the name it has
  uint32_t rank = 0;
};

struct Relabel::Compiled {
  absl::flat_hash_map<std::string, Verdict, StringHash, std::equal_to<>> by_name;
  std::optional<Verdict> any;
  bool hashes = false;
  uint64_t hash = 0;
};

Relabel::Relabel() : compiled_(std::make_shared<Compiled>()) {}

Relabel::Relabel(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

absl::StatusOr<Relabel> Relabel::Make(absl::Span<const RelabelRules> lists) {
  auto compiled = std::make_shared<Compiled>();
  std::string canonical;  // everything with its length before it
  uint32_t rank = 0;
  for (const RelabelRules& rules : lists) {
    Compiled list;  // to see what contradicts itself
    if (rules.size() > kMaxRelabelRules) {
      return InvalidArgument("there are {} rules for labels: write at most {}", rules.size(),
                             kMaxRelabelRules);
    }
    for (const RelabelRule& rule : rules) {
      FLAMEKEEP_RETURN_IF_ERROR(CheckRule(rule));
      if (list.any) {
        return InvalidArgument(
            "a rule for the label \"{:.80}\" stands behind one for \"*\", which decides for it: "
            "put it before",
            rule.label);
      }
      const std::string name = LabelNameOf(rule.label);
      const Verdict verdict{rule.action, rule.to, rank++};
      if (rule.label == kAnyLabel) {
        list.any = verdict;
      } else if (!list.by_name.emplace(name, verdict).second) {
        return InvalidArgument(
            "two rules name the label \"{:.80}\", and the first decides: keep one of them",
            rule.label);
      }
      canonical += fmt::format("{} {}:{} {}:{}\n", ActionName(rule.action), rule.label.size(),
                               rule.label, rule.to.size(), rule.to);
    }
    if (compiled->any) continue;
    for (auto& [name, verdict] : list.by_name) compiled->by_name.try_emplace(name, verdict);
    compiled->any = list.any;
  }
  const auto hashes = [](const Verdict& verdict) { return verdict.action == Action::kHash; };
  compiled->hashes = (compiled->any && hashes(*compiled->any)) ||
                     std::any_of(compiled->by_name.begin(), compiled->by_name.end(),
                                 [&](const auto& named) { return hashes(named.second); });
  if (!canonical.empty()) {
    compiled->hash = std::max<uint64_t>(XXH3_64bits(canonical.data(), canonical.size()), 1);
  }
  return Relabel(std::shared_ptr<const Compiled>(std::move(compiled)));
}

bool Relabel::empty() const { return compiled_->hash == 0; }
bool Relabel::hashes() const { return compiled_->hashes; }
uint64_t Relabel::Hash() const { return compiled_->hash; }

const Relabel::Verdict* Relabel::Find(std::string_view name) const {
  if (const auto it = compiled_->by_name.find(name); it != compiled_->by_name.end()) {
    return &it->second;
  }
  return compiled_->any ? &*compiled_->any : nullptr;
}

bool Relabel::Keeps(std::string_view name) const {
  if (name.size() > kMaxLabelValueBytes) return false;
  const Verdict* const verdict = Find(LabelNameOf(name));
  return verdict != nullptr && verdict->action != Action::kDrop;
}

Relabel::Fate Relabel::Add(std::string_view name, std::string_view value, Unnamed unnamed,
                           RelabelledLabels* labels) const {
  if (name.size() > kMaxLabelValueBytes) return Fate::kNotNamed;
  const std::string known = LabelNameOf(name);
  const Verdict* const verdict = Find(known);
  if (verdict == nullptr && unnamed == Unnamed::kDropped) return Fate::kNotNamed;
  if (verdict != nullptr && verdict->action == Action::kDrop) return Fate::kDropped;
  const std::string_view to = verdict != nullptr && !verdict->to.empty() ? verdict->to : known;
  // Names of rules were checked; a sender may have one that is taken.
  if ((verdict == nullptr || verdict->to.empty()) && !CheckLabelName(to).ok()) {
    return Fate::kNotNamed;
  }
  const uint32_t rank = verdict == nullptr ? kUnnamedRank : verdict->rank;
  if (verdict != nullptr && verdict->action == Action::kHash) {
    return labels->Add(to, value, rank, /*hash=*/true) ? Fate::kKept : Fate::kTooMany;
  }
  std::string readable;
  if (value.size() <= kMaxLabelValueBytes && !IsReadable(value)) {
    AppendReadable(value, &readable);
    value = readable;
  }
  if (value.size() > kMaxLabelValueBytes) return Fate::kTooLong;
  return labels->Add(to, value, rank, /*hash=*/false) ? Fate::kKept : Fate::kTooMany;
}

LabelScope Relabel::Scope(std::shared_ptr<const LabelKey> key) const {
  LabelScope scope{.relabel = *this, .id = Hash()};
  if (!hashes()) return scope;
  const uint64_t parts[] = {Hash(), key == nullptr ? 0 : key->id()};
  scope.id = XXH3_64bits(parts, sizeof(parts));
  scope.key = std::move(key);
  return scope;
}

RelabelledLabels Relabel::Of(const storage::Labels& labels) const {
  RelabelledLabels out;
  for (const auto& [name, value] : labels) Add(name, value, Unnamed::kKept, &out);
  return out;
}

}  // namespace flamekeep::ingest
