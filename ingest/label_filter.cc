#include "ingest/label_filter.h"

#include <xxhash.h>

#include <array>

#include "absl/strings/ascii.h"
#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/rules.h"

namespace flamekeep::ingest {
namespace {

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

}  // namespace

std::vector<KeptLabel> DefaultKeptLabels() {
  std::vector<KeptLabel> kept;
  kept.reserve(std::size(kDefaultKept));
  for (const std::string_view name : kDefaultKept) kept.push_back({.from = std::string(name)});
  return kept;
}

std::string LabelNameOf(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  if (!out.empty() && absl::ascii_isdigit(static_cast<unsigned char>(out[0]))) out.insert(0, "_");
  return out;
}

LabelFilter::LabelFilter() : LabelFilter(Make(DefaultKeptLabels()).value()) {}

absl::StatusOr<LabelFilter> LabelFilter::Make(const std::vector<KeptLabel>& kept) {
  ByName by_name;
  for (const KeptLabel& label : kept) {
    const std::string from = LabelNameOf(label.from);
    const std::string as = label.as.empty() ? from : label.as;
    FLAMEKEEP_RETURN_IF_ERROR(CheckLabelName(as));
    if (!by_name.emplace(from, Kept{as, label.hash}).second) {
      return InvalidArgument("the label \"{:.80}\" is listed twice: keep one of them", label.from);
    }
  }
  return LabelFilter(std::move(by_name));
}

const LabelFilter::Kept* LabelFilter::Find(std::string_view name) const {
  if (name.size() > kMaxLabelValueBytes) return nullptr;
  const auto it = kept_.find(LabelNameOf(name));
  return it == kept_.end() ? nullptr : &it->second;
}

LabelFilter::Fate LabelFilter::Add(std::string_view name, std::string_view value,
                                   storage::Labels* labels) const {
  const Kept* const kept = Find(name);
  if (kept == nullptr) return Fate::kNotListed;
  if (kept->hash) {
    if (value.empty()) return Fate::kKept;
    AddLabel(kept->as, fmt::format("{:016x}", XXH3_64bits(value.data(), value.size())), labels);
    return Fate::kKept;
  }
  if (value.size() > kMaxLabelValueBytes) return Fate::kTooLong;
  if (IsReadable(value)) {
    AddLabel(kept->as, value, labels);
    return Fate::kKept;
  }
  std::string readable;
  AppendReadable(value, &readable);
  if (readable.size() > kMaxLabelValueBytes) return Fate::kTooLong;
  AddLabel(kept->as, readable, labels);
  return Fate::kKept;
}

}  // namespace flamekeep::ingest
