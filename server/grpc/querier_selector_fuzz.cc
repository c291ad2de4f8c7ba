// Any bytes as a profile type and matchers of Pyroscope's: what is understood is a selector that
// means the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/selector.h"
#include "server/grpc/querier_selector.h"

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t brace = std::min(text.find('{'), text.size());
  const std::string_view matchers = text.substr(brace);
  const flamekeep::storage::SeriesKey series = {
      .site = "eqiad",
      .profile_type = "excimer-wall:samples:count::",
      .labels = {{"entry_point", "index"}, {"pod", "a\"\\b"}}};
  const auto any = flamekeep::server::AnySelector::Parse({std::string(matchers)});
  const auto selector =
      flamekeep::server::SelectorFromPyroscope("excimer-wall:samples:count::", matchers);
  if (selector.ok()) {
    // Both ways to read them agree.
    Check(any.ok());
    bool matches = false;
    if (selector->has_value()) {
      if ((*selector)->size() > flamekeep::query::kMaxSelectorBytes) return 0;
      const auto parsed = flamekeep::query::ParseSelector(**selector);
      Check(parsed.ok() && parsed->profile_type == series.profile_type);
      matches = parsed->Matches(series);
    }
    Check(matches == any->Matches(series));
  }
  static_cast<void>(flamekeep::server::SelectorFromPyroscope(text.substr(0, brace), matchers));
  return 0;
}
