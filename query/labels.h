// The names and values that series can be selected and grouped by, and profile types.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_LABELS_H_
#define FLAMEKEEP_QUERY_LABELS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "storage/registry.h"

namespace flamekeep::query {

struct LabelName {
  std::string name;
  uint64_t values = 0;  // different ones
  uint64_t series = 0;  // that have the label
};

struct LabelValue {
  std::string value;
  uint64_t series = 0;
};

struct ListedProfileType {
  std::string id;    // five parts
  std::string name;  // what a selector may say: the first part where it is unique in the store
  uint64_t series = 0;
};

// The labels of some series, "site" among them, ordered by name.
std::vector<LabelName> LabelNamesOf(absl::Span<const storage::SeriesKey> series);

// The values of a label, or of "site", in order. Of series that have it.
std::vector<LabelValue> LabelValuesOf(absl::Span<const storage::SeriesKey> series,
                                      std::string_view label);

// The profile types of some series, in order. `all` are those of the store.
std::vector<ListedProfileType> ProfileTypesOf(absl::Span<const storage::SeriesKey> series,
                                              absl::Span<const storage::SeriesKey> all);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_LABELS_H_
