// Fetches memory ahead of its use.
#ifndef FLAMEKEEP_QUERY_PREFETCH_H_
#define FLAMEKEEP_QUERY_PREFETCH_H_

#include "absl/base/attributes.h"

namespace flamekeep::query {

// Inlined by force, as callers must be that do nothing else: gcc 12 takes a function that only
// fetches for one that does nothing, and drops its calls.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_PREFETCH_H_
