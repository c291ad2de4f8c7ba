// Any bytes as a file of speedscope's: what comes out has frames and a value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cli/speedscope.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ingest = flamekeep::ingest;
  const absl::Status status = flamekeep::cli::ReadSpeedscope(
      std::string_view(reinterpret_cast<const char*>(data), size),
      [](const ingest::ProfileKind& kind, const std::vector<ingest::FileFrame>& frames,
         uint64_t value) {
        if (kind.type.empty() || frames.empty() || value == 0) std::abort();
        return absl::OkStatus();
      });
  static_cast<void>(status);
  return 0;
}
