#include "query/selector.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "query/quoted_string.h"
#include "storage/profile_type.h"

namespace flamekeep::query {
namespace {

// Bounds the compiled form of an expression and what matching it may take.
constexpr int64_t kMaxRegexBytes = int64_t{1} << 20;
constexpr std::string_view kSite = "site";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<Selector> Parse() {
    Selector selector;
    SkipSpace();
    FLAMEKEEP_RETURN_IF_ERROR(ParseProfileTypeName(&selector));
    SkipSpace();
    if (Take("{")) {
      FLAMEKEEP_RETURN_IF_ERROR(ParseMatchers(&selector));
      SkipSpace();
      if (!AtEnd()) return Expected("the end");
    } else if (!AtEnd()) {
      return Expected("\"{\" or the end");
    }
    return selector;
  }

 private:
  bool AtEnd() const { return place_ == text_.size(); }
  void SkipSpace() {
    while (!AtEnd() && IsSpace(text_[place_])) ++place_;
  }
  bool Take(std::string_view token) {
    if (text_.substr(place_, token.size()) != token) return false;
    place_ += token.size();
    return true;
  }

  absl::Status Expected(std::string_view what) const {
    if (AtEnd()) {
      return InvalidArgument("selector, position {}: expected {}, found the end", place_ + 1, what);
    }
    return InvalidArgument("selector, position {}: expected {}, found {}", place_ + 1, what,
                           Printable(text_.substr(place_, 1)));
  }

  absl::Status ParseProfileTypeName(Selector* selector) {
    const size_t begin = place_;
    while (!AtEnd() && text_[place_] != '{' && !IsSpace(text_[place_])) ++place_;
    const std::string_view name = text_.substr(begin, place_ - begin);
    if (name.empty()) {
      return AtEnd() ? Expected("a profile type such as excimer-wall") : absl::OkStatus();
    }
    const absl::StatusOr<storage::ProfileType> type = storage::ParseProfileType(name);
    if (!type.ok()) {
      return InvalidArgument("selector, position {}: {}", begin + 1,
                             PrintableText(Message(type.status())));
    }
    selector->profile_type = name.find(':') == name.npos ? std::string(name) : type->Id();
    return absl::OkStatus();
  }

  absl::Status ParseMatchers(Selector* selector) {
    while (true) {
      SkipSpace();
      if (Take("}")) return absl::OkStatus();
      if (AtEnd() || !IsNameStart(text_[place_])) return Expected("a label name or \"}\"");
      if (selector->matchers.size() == kMaxMatchers) {
        return InvalidArgument("selector, position {}: more than {} matchers", place_ + 1,
                               kMaxMatchers);
      }
      FLAMEKEEP_ASSIGN_OR_RETURN(Matcher matcher, ParseMatcher());
      selector->matchers.push_back(std::move(matcher));
      SkipSpace();
      if (Take(",")) continue;
      if (Take("}")) return absl::OkStatus();
      return Expected("\",\" or \"}\"");
    }
  }

  absl::StatusOr<Matcher> ParseMatcher() {
    Matcher matcher;
    const size_t begin = place_;
    while (!AtEnd() && IsNamePart(text_[place_])) ++place_;
    matcher.label = std::string(text_.substr(begin, place_ - begin));
    SkipSpace();
    if (Take("=~")) {
      matcher.op = MatchOp::kMatch;
    } else if (Take("!~")) {
      matcher.op = MatchOp::kNotMatch;
    } else if (Take("!=")) {
      matcher.op = MatchOp::kNotEqual;
    } else if (!Take("=")) {
      return Expected("=, !=, =~ or !~");
    }
    SkipSpace();
    const size_t value_begin = place_;
    absl::StatusOr<std::string> value = ParseQuotedString(text_, &place_);
    if (!value.ok()) {
      return InvalidArgument("selector, position {}: {}", place_ + 1, Message(value.status()));
    }
    matcher.value = *std::move(value);
    if (matcher.op == MatchOp::kMatch || matcher.op == MatchOp::kNotMatch) {
      FLAMEKEEP_RETURN_IF_ERROR(Compile(value_begin, &matcher));
    }
    return matcher;
  }

  static absl::Status Compile(size_t begin, Matcher* matcher) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_max_mem(kMaxRegexBytes);
    auto regex = std::make_shared<const RE2>(matcher->value, options);
    if (!regex->ok()) {
      return InvalidArgument("selector, position {}: {} is no RE2 expression: {}", begin + 1,
                             Printable(matcher->value), PrintableText(regex->error()));
    }
    matcher->regex = std::move(regex);
    return absl::OkStatus();
  }

  std::string_view text_;
  size_t place_ = 0;
};

std::string_view LabelValue(const storage::SeriesKey& series, std::string_view label) {
  if (label == kSite) return series.site;
  const auto found =
      std::lower_bound(series.labels.begin(), series.labels.end(), label,
                       [](const auto& pair, std::string_view name) { return pair.first < name; });
  if (found == series.labels.end() || found->first != label) return {};
  return found->second;
}

}  // namespace

std::string_view MatchOpText(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kMatch:
      return "=~";
    case MatchOp::kNotMatch:
      return "!~";
  }
  return "?";
}

bool Matcher::Matches(std::string_view label_value) const {
  switch (op) {
    case MatchOp::kEqual:
      return label_value == value;
    case MatchOp::kNotEqual:
      return label_value != value;
    case MatchOp::kMatch:
      return RE2::FullMatch(label_value, *regex);
    case MatchOp::kNotMatch:
      return !RE2::FullMatch(label_value, *regex);
  }
  return false;
}

bool Selector::MatchesSite(std::string_view site) const {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
    return matcher.label != "site" || matcher.Matches(site);
  });
}

bool Selector::Matches(const storage::SeriesKey& series) const {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
    return matcher.Matches(LabelValue(series, matcher.label));
  });
}

absl::StatusOr<Selector> ParseSelector(std::string_view text) {
  if (text.size() > kMaxSelectorBytes) {
    return InvalidArgument("selector: {} bytes are too many, at most {} are taken", text.size(),
                           kMaxSelectorBytes);
  }
  return Parser(text).Parse();
}

}  // namespace flamekeep::query
