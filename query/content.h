// What the columns of a plan hold together, as the sum of their headers, and the keys under which
// that and the answers made of it are kept (result_cache.h).
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_CONTENT_H_
#define FLAMEKEEP_QUERY_CONTENT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/result_cache.h"
#include "storage/column.h"
#include "storage/snapshot.h"

namespace flamekeep::query {

// The sum of the headers. Errors: DATA_LOSS.
absl::StatusOr<storage::ColumnHeader> SumHeaders(absl::Span<const std::string_view> columns);

// Of the sum of a plan's headers, by what can be told without reading them: `stamp` is the
// snapshot's ContentStamp().
CacheKey ContentKey(const storage::Plan& plan, uint64_t stamp);

// Of the answer to a question (the selection and the view, written in one way), by the content that
// it is made of.
CacheKey AnswerKey(std::string_view question, const storage::Plan& plan,
                   const storage::ColumnHeader& content);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CONTENT_H_
