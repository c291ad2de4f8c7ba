// Fuzzes the selector language: no text may crash the parser, run without bounds, or give a
// selector that can not be applied.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/quoted_string.h"
#include "query/selector.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flamekeep;  // NOLINT(google-build-using-namespace): a fuzzer's one function
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto selector = query::ParseSelector(text);
  if (!selector.ok()) {
    // A message is one line of printable text, whatever the input.
    for (const char c : selector.status().message()) {
      if (c < 0x20 || c > 0x7e) abort();
    }
    return 0;
  }
  const std::vector<storage::SeriesKey> series = {
      {},
      {"eqiad", "excimer-wall:samples:count::", {{"entry_point", "index"}}},
      {"codfw", selector->profile_type, {{"a", std::string(text.substr(0, 64))}}},
  };
  const std::vector<std::string> sites = {"eqiad", "codfw"};
  (void)query::Resolve(*selector, series, sites);
  // What is written as it was understood is understood in the same way.
  std::string again = selector->profile_type + "{";
  for (const query::Matcher& matcher : selector->matchers) {
    again += matcher.label + std::string(query::MatchOpText(matcher.op)) + '"';
    for (const char c : matcher.value) {
      constexpr char kHex[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      again += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
    again += "\",";
  }
  again += "}";
  if (again.size() > query::kMaxSelectorBytes) return 0;
  const auto reparsed = query::ParseSelector(again);
  if (!reparsed.ok() || reparsed->profile_type != selector->profile_type ||
      reparsed->matchers.size() != selector->matchers.size()) {
    abort();
  }
  for (size_t i = 0; i < reparsed->matchers.size(); ++i) {
    if (reparsed->matchers[i].value != selector->matchers[i].value) abort();
  }
  return 0;
}
