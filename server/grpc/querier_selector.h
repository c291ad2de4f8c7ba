// How Pyroscope's clients name what they want, in our words: a profile type in five parts beside
// matchers in braces, where the parts of the type are labels, too: `__profile_type__` all five of
// them, `__name__`, `__type__`, `__unit__`, `__period_type__` and `__period_unit__`.
//
// Thread safety: pure functions; values.
#ifndef FLAMEKEEP_SERVER_GRPC_QUERIER_SELECTOR_H_
#define FLAMEKEEP_SERVER_GRPC_QUERIER_SELECTOR_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/selector.h"
#include "storage/registry.h"

namespace flamekeep::server {

// The selector that selection.proto takes; nothing where no series can match. Errors:
// INVALID_ARGUMENT.
absl::StatusOr<std::optional<std::string>> SelectorFromPyroscope(std::string_view profile_type,
                                                                 std::string_view matchers);

// All labels of a series, by name: its own, `site`, and the parts of its profile type.
std::map<std::string, std::string> PyroscopeLabels(const storage::SeriesKey& series);

// Selectors of which one has to hold; none: all series.
class AnySelector {
 public:
  // Errors: INVALID_ARGUMENT.
  static absl::StatusOr<AnySelector> Parse(const std::vector<std::string>& selectors);

  bool Matches(const storage::SeriesKey& series) const;

 private:
  std::vector<query::Selector> selectors_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_QUERIER_SELECTOR_H_
