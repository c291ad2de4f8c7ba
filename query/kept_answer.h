// An answer out of the cache, or made and kept for who asks the same again.
//
//   return KeptAnswer<FlameGraph>(cache, &stacks, view, context, [&] { return Draw(...); });
//
// An Answer has a Coverage `coverage`, and a function MemoryBytes(const Answer&) in this namespace.
//
// Thread safety: a function without state. Errors: those of the columns, the context, and of
// `make`.
#ifndef FLAMEKEEP_QUERY_KEPT_ANSWER_H_
#define FLAMEKEEP_QUERY_KEPT_ANSWER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "query/content.h"
#include "query/context.h"
#include "query/result_cache.h"
#include "query/selected_stacks.h"

namespace flamekeep::query {

// `cache` may be null. `view` names what `make`, which returns a StatusOr<Answer>, does with the
// stacks.
template <typename Answer, typename Make>
absl::StatusOr<Answer> KeptAnswer(ResultCache* cache, SelectedStacks* stacks, std::string_view view,
                                  const Context& context, Make make) {
  if (cache == nullptr) return make();
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ColumnHeader content, stacks->Content(cache, context));
  const CacheKey key = AnswerKey(stacks->Question(view), stacks->plan(), content);
  const auto kept = cache->Find<Answer>(key);
  cache->CountLookup(kept != nullptr);
  if (kept != nullptr) {
    // With what is known of the sources now.
    FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(MemoryBytes(*kept)));
    Answer answer = *kept;
    answer.coverage = stacks->CoverKept(kept->coverage, content.digest, view);
    return answer;
  }
  absl::StatusOr<Answer> answer = make();
  if (answer.ok()) {
    const uint64_t bytes = MemoryBytes(*answer);
    if (cache->MayKeep(bytes)) {
      cache->Insert(key, std::make_shared<const Answer>(*answer), bytes);
    }
  }
  return answer;
}

// The same for answers that depend on when samples were, or in which series, which the sum of the
// content does not tell: under a key of all that they depend on, with the snapshot's
// ContentStamp(). Without a key nothing is kept. `cover` gives a kept answer its coverage anew.
template <typename Answer, typename Cover, typename Make>
absl::StatusOr<Answer> KeptByKey(ResultCache* cache, const std::optional<CacheKey>& key,
                                 const Context& context, Cover cover, Make make) {
  if (cache == nullptr) return make();
  const auto kept = key.has_value() ? cache->Find<Answer>(*key) : nullptr;
  cache->CountLookup(kept != nullptr);
  if (kept != nullptr) {
    FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(MemoryBytes(*kept)));
    Answer answer = *kept;
    cover(&answer);
    return answer;
  }
  absl::StatusOr<Answer> answer = make();
  if (answer.ok() && key.has_value()) {
    const uint64_t bytes = MemoryBytes(*answer);
    if (cache->MayKeep(bytes)) {
      cache->Insert(*key, std::make_shared<const Answer>(*answer), bytes);
    }
  }
  return answer;
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_KEPT_ANSWER_H_
