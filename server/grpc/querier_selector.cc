#include "server/grpc/querier_selector.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/status.h"
#include "server/text.h"
#include "storage/profile_type.h"

namespace flamekeep::server {

namespace {

constexpr size_t kMaxAnySelectors = 100;

bool IsOfType(std::string_view label) { return label.starts_with("__"); }

std::map<std::string, std::string> LabelsOfType(const storage::ProfileType& type) {
  return {{"__profile_type__", type.Id()},
          {"__name__", type.name},
          {"__type__", type.type},
          {"__unit__", type.unit},
          {"__period_type__", type.period_type},
          {"__period_unit__", type.period_unit}};
}

std::string ValueOf(const std::map<std::string, std::string>& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

// As the selector language reads it back.
void AppendQuoted(std::string_view text, std::string* out) {
  constexpr unsigned char kFirstPlain = 0x20;
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (static_cast<unsigned char>(c) < kFirstPlain) {
      fmt::format_to(std::back_inserter(*out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      *out += c;
    }
  }
  *out += '"';
}

}  // namespace

absl::StatusOr<std::optional<std::string>> SelectorFromPyroscope(std::string_view profile_type,
                                                                 std::string_view matchers) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type,
                             storage::ParseProfileType(profile_type));
  query::Selector selector;
  if (!matchers.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(selector, query::ParseSelector(matchers));
    if (!selector.profile_type.empty()) {
      return InvalidArgument("the label selector \"{}\" has a profile type in front: leave it out",
                             Shorten(matchers));
    }
  }
  const std::map<std::string, std::string> of_type = LabelsOfType(type);
  std::string text = type.Id();
  std::string_view separator = "{";
  for (const query::Matcher& matcher : selector.matchers) {
    if (IsOfType(matcher.label)) {
      if (!matcher.Matches(ValueOf(of_type, matcher.label))) return std::nullopt;
      continue;
    }
    text += separator;
    text += matcher.label;
    text += query::MatchOpText(matcher.op);
    AppendQuoted(matcher.value, &text);
    separator = ",";
  }
  if (separator == ",") text += '}';
  return text;
}

std::map<std::string, std::string> PyroscopeLabels(const storage::SeriesKey& series) {
  std::map<std::string, std::string> labels;
  const absl::StatusOr<storage::ProfileType> type = storage::ParseProfileType(series.profile_type);
  if (type.ok()) labels = LabelsOfType(*type);
  labels["site"] = series.site;
  for (const auto& [name, value] : series.labels) labels[name] = value;
  return labels;
}

absl::StatusOr<AnySelector> AnySelector::Parse(const std::vector<std::string>& selectors) {
  AnySelector any;
  if (selectors.size() > kMaxAnySelectors) {
    return InvalidArgument("there are {} matchers: at most {} can be asked for at once",
                           selectors.size(), kMaxAnySelectors);
  }
  for (const std::string& text : selectors) {
    query::Selector selector;
    if (!text.empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(selector, query::ParseSelector(text));
    }
    any.selectors_.push_back(std::move(selector));
  }
  return any;
}

bool AnySelector::Matches(const storage::SeriesKey& series) const {
  const std::map<std::string, std::string> labels = PyroscopeLabels(series);
  const auto holds = [&](const query::Selector& selector) {
    const std::string& type = selector.profile_type;
    if (!type.empty() && type != series.profile_type && type != ValueOf(labels, "__name__")) {
      return false;
    }
    return std::all_of(selector.matchers.begin(), selector.matchers.end(),
                       [&](const query::Matcher& matcher) {
                         return matcher.Matches(ValueOf(labels, matcher.label));
                       });
  };
  return selectors_.empty() || std::any_of(selectors_.begin(), selectors_.end(), holds);
}

}  // namespace flamekeep::server
