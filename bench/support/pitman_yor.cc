#include "bench/support/pitman_yor.h"

#include <sys/mman.h>

#include <cstdint>

namespace flamekeep::bench {

void PitmanYor::Reserve() {
  // Nothing is touched before it is used. Large pages: every draw reads at a random place.
  kept_.reserve(options_.capacity);
  constexpr uintptr_t kPage = 2 << 20;
  const auto begin = reinterpret_cast<uintptr_t>(kept_.data());
  const uintptr_t aligned = (begin + kPage - 1) / kPage * kPage;
  const uintptr_t end = begin + options_.capacity * sizeof(uint32_t);
  // Where it is refused, draws are slower.
  if (aligned < end) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a page of what kept_ holds
    static_cast<void>(madvise(reinterpret_cast<void*>(aligned), end - aligned, MADV_HUGEPAGE));
  }
}

}  // namespace flamekeep::bench
