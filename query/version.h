// The name of an answer: a hash of all that its bytes depend on. A final answer keeps its version
// for ever; a page, a cache or a permanent link can tell by it that nothing has changed.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_VERSION_H_
#define FLAMEKEEP_QUERY_VERSION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "query/flame_graph.h"
#include "query/selector.h"
#include "storage/column.h"

namespace flamekeep::query {

// Counted up when any encoder gives other bytes for the same content.
inline constexpr uint32_t kEncoderVersion = 1;

// The selector in one way of writing it: five parts of the profile type, matchers sorted.
std::string CanonicalSelector(const Selector& selector, std::string_view profile_type);

// `question`: the selection and the view, written in one way. `digest`: of the sum of all columns,
// which tells the stacks and their values by name.
std::string AnswerVersion(std::string_view question, const Coverage& coverage,
                          storage::Digest digest);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_VERSION_H_
