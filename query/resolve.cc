#include <algorithm>
#include <map>
#include <set>

#include "base/status.h"
#include "query/quoted_string.h"
#include "query/selector.h"
#include "storage/profile_type.h"

namespace flamekeep::query {
namespace {

constexpr size_t kMaxListed = 20;

std::string_view NameOf(std::string_view profile_type) {
  return profile_type.substr(0, profile_type.find(':'));
}

// "a, b, c and 5 more".
std::string List(const std::set<std::string>& items) {
  std::string out;
  size_t listed = 0;
  for (const std::string& item : items) {
    if (listed == kMaxListed) return out + fmt::format(" and {} more", items.size() - listed);
    if (listed++ > 0) out += ", ";
    out += item;
  }
  return out;
}

// The profile types of a store, each as short as it can be written: bare where the name is unique.
std::set<std::string> ShortTypes(const std::set<std::string>& types) {
  std::map<std::string_view, int> uses;
  for (const std::string& type : types) ++uses[NameOf(type)];
  std::set<std::string> out;
  for (const std::string& type : types) {
    out.emplace(uses[NameOf(type)] == 1 ? NameOf(type) : std::string_view(type));
  }
  return out;
}

absl::StatusOr<std::string> ResolveType(const std::string& wanted,
                                        const std::set<std::string>& types) {
  if (wanted.empty()) {
    return InvalidArgument("the selector names no profile type: put one of {} before its matchers",
                           List(ShortTypes(types)));
  }
  if (types.count(wanted) != 0) return wanted;
  std::set<std::string> named;
  for (const std::string& type : types) {
    if (NameOf(type) == wanted) named.insert(type);
  }
  if (named.size() == 1) return *named.begin();
  if (named.size() > 1) {
    return InvalidArgument("profile type {} is not unique: write one of {}", Printable(wanted),
                           List(named));
  }
  if (types.empty()) {
    return NotFound("no profile type {}: this store has no samples yet", Printable(wanted));
  }
  return NotFound("no profile type {} in this store, which has {}", Printable(wanted),
                  List(ShortTypes(types)));
}

// An error where the selector asks for sites of which the store knows none.
absl::Status CheckSites(const Selector& selector, absl::Span<const std::string> sites) {
  const Matcher* asked = nullptr;
  std::set<std::string> left;
  for (const std::string& site : sites) {
    if (!site.empty()) left.insert(site);
  }
  const std::set<std::string> known = left;
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.label != "site") continue;
    if (matcher.op == MatchOp::kEqual || matcher.op == MatchOp::kMatch) asked = &matcher;
    std::erase_if(left, [&](const std::string& site) { return !matcher.Matches(site); });
  }
  if (asked == nullptr || !left.empty()) return absl::OkStatus();
  return NotFound("no site{}{} in this store, which has {}", MatchOpText(asked->op),
                  Printable(asked->value), known.empty() ? "none yet" : List(known));
}

}  // namespace

absl::StatusOr<ResolvedSelector> Resolve(const Selector& selector,
                                         absl::Span<const storage::SeriesKey> series,
                                         absl::Span<const std::string> sites) {
  std::set<std::string> types;
  for (size_t id = 1; id < series.size(); ++id) types.insert(series[id].profile_type);
  FLAMEKEEP_RETURN_IF_ERROR(CheckSites(selector, sites));

  ResolvedSelector resolved;
  FLAMEKEEP_ASSIGN_OR_RETURN(resolved.profile_type, ResolveType(selector.profile_type, types));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type,
                             storage::ParseProfileType(resolved.profile_type));
  resolved.sample_type = type.type;
  resolved.unit = type.unit;
  for (size_t id = 1; id < series.size(); ++id) {
    if (series[id].profile_type != resolved.profile_type || !selector.Matches(series[id])) continue;
    resolved.series.push_back(storage::SeriesId{static_cast<uint32_t>(id)});
  }
  return resolved;
}

}  // namespace flamekeep::query
