// The selector language: which series of a store a query is about.
//
//   excimer-wall
//   excimer-wall{site="eqiad",entry_point=~"index|api"}
//   cpu:samples:count:cpu:nanoseconds{service!="", pod!~"canary-.*"}
//
// A profile type, bare or in five parts, and matchers in braces, as in PromQL:
//   =  !=   the label is, is not, equal to the value
//   =~ !~   the label matches, does not match, the RE2 expression, anchored at both ends
// Values stand in double or single quotes with C's escapes and \uHHHH, \UHHHHHHHH, or in back
// quotes without escapes. A label that a series lacks is equal to the empty value. `site` is
// matched like a label. A bare name stands for the one profile type of the store that has it.
//
// Thread safety: values; const methods may be called from several threads.
#ifndef FLAMEKEEP_QUERY_SELECTOR_H_
#define FLAMEKEEP_QUERY_SELECTOR_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace flamekeep::query {

inline constexpr size_t kMaxSelectorBytes = 8192;
inline constexpr size_t kMaxMatchers = 64;

enum class MatchOp { kEqual, kNotEqual, kMatch, kNotMatch };

// The operator as it is written: "=", "!=", "=~", "!~".
std::string_view MatchOpText(MatchOp op);

struct Matcher {
  std::string label;  // or "site"
  MatchOp op = MatchOp::kEqual;
  std::string value;                      // of the label, or the expression
  std::shared_ptr<const re2::RE2> regex;  // for kMatch and kNotMatch

  bool Matches(std::string_view label_value) const;
};

struct Selector {
  std::string profile_type;  // as written; empty where only matchers were given
  std::vector<Matcher> matchers;

  // Whether all matchers hold; the profile type is not looked at.
  bool Matches(const storage::SeriesKey& series) const;
  // Whether those of `site` hold.
  bool MatchesSite(std::string_view site) const;
};

// Errors: INVALID_ARGUMENT tells the position and what was expected there.
absl::StatusOr<Selector> ParseSelector(std::string_view text);

// A selector applied to a store.
struct ResolvedSelector {
  std::string profile_type;               // five parts
  std::string sample_type;                // its second part, for example "samples"
  std::string unit;                       // its third part, for example "count"
  std::vector<storage::SeriesId> series;  // ascending; may be empty
};

// Finds the series that a selector means. `series` is Store::Series(), entry 0 unused; `sites` is
// Store::Sites(). A known type of which no series has the labels is no error: nothing is selected.
// Errors: NOT_FOUND for an unknown profile type, or for sites of which none is known; the message
// lists what there is. INVALID_ARGUMENT for a selector without a profile type, or a bare name that
// several types have.
absl::StatusOr<ResolvedSelector> Resolve(const Selector& selector,
                                         absl::Span<const storage::SeriesKey> series,
                                         absl::Span<const std::string> sites);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SELECTOR_H_
