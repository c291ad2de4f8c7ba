#include "query/version.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace flamekeep::query {
namespace {

// Each part with its length before it, so that no two lists of parts look the same.
void AddPart(std::string_view part, std::string* text) {
  *text += fmt::format("{}:{};", part.size(), part);
}

void AddRange(const TimeRange& range, std::string* text) {
  *text += fmt::format("{}-{};", absl::ToUnixNanos(range.begin), absl::ToUnixNanos(range.end));
}

}  // namespace

std::string CanonicalSelector(const Selector& selector, std::string_view profile_type) {
  std::vector<std::tuple<std::string_view, std::string_view, std::string_view>> matchers;
  matchers.reserve(selector.matchers.size());
  for (const Matcher& matcher : selector.matchers) {
    matchers.emplace_back(matcher.label, MatchOpText(matcher.op), matcher.value);
  }
  std::sort(matchers.begin(), matchers.end());
  matchers.erase(std::unique(matchers.begin(), matchers.end()), matchers.end());
  std::string text;
  AddPart(profile_type, &text);
  for (const auto& [label, op, value] : matchers) {
    AddPart(label, &text);
    AddPart(op, &text);
    AddPart(value, &text);
  }
  return text;
}

std::string AnswerVersion(std::string_view question, const Coverage& coverage,
                          storage::Digest digest) {
  std::string text = fmt::format("{};", kEncoderVersion);
  AddPart(question, &text);
  AddRange(coverage.requested, &text);
  AddRange(coverage.covered, &text);
  for (const auto& [source, gap] : coverage.gaps) {
    for (const std::string_view part :
         {std::string_view(source.site), std::string_view(source.name),
          std::string_view(source.node)}) {
      AddPart(part, &text);
    }
    text += fmt::format("{},{},{},{};", static_cast<int>(source.kind), gap.begin_ms, gap.end_ms,
                        static_cast<int>(gap.reason));
  }
  text += fmt::format("{:016x}{:016x}", static_cast<uint64_t>(digest >> 64),
                      static_cast<uint64_t>(digest));
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace flamekeep::query
