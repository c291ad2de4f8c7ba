#include "query/content.h"

#include <fmt/format.h>

#include <string>

#include "base/status.h"

namespace flamekeep::query {

absl::StatusOr<storage::ColumnHeader> SumHeaders(absl::Span<const std::string_view> columns) {
  storage::ColumnHeader sum;
  for (const std::string_view column : columns) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader header, storage::DecodeHeader(column));
    storage::AddHeader(header, &sum);
  }
  return sum;
}

CacheKey ContentKey(const storage::Plan& plan, uint64_t stamp) {
  std::string series;
  for (const storage::SeriesId id : plan.series) series += fmt::format("{},", Raw(id));
  return MakeCacheKey(
      {"content", series, fmt::format("{},{},{}", plan.covered.begin, plan.covered.end, stamp)});
}

CacheKey AnswerKey(std::string_view question, const storage::Plan& plan,
                   const storage::ColumnHeader& content) {
  // Not the pairs: their number depends on what has been rolled up.
  return MakeCacheKey({"answer", question,
                       fmt::format("{},{},{},{},{},{:016x}{:016x}", plan.covered.begin,
                                   plan.covered.end, content.total, content.observations,
                                   content.saturated, static_cast<uint64_t>(content.digest >> 64),
                                   static_cast<uint64_t>(content.digest))});
}

}  // namespace flamekeep::query
