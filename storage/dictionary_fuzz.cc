// Decoders of the dictionary on any bytes: they end in a value or in DATA_LOSS, and a value encodes
// to bytes that decode to it again.
//
// The first byte says which decoder; for a stack run the next four are its first id.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "storage/format.h"

namespace {

using namespace flamekeep::storage;  // NOLINT(google-build-using-namespace): a whole program

void Require(bool holds) {
  if (!holds) std::abort();
}

void FuzzFrameRun(std::string_view bytes) {
  const auto frames = DecodeFrameRun(bytes);
  if (!frames.ok()) return;
  Require(*DecodeFrameRun(EncodeFrameRun(*frames)) == *frames);
}

void FuzzStackRun(std::string_view bytes) {
  uint32_t first_id;
  if (!GetFixed32(&bytes, &first_id)) return;
  std::vector<uint32_t> parents, frames;
  if (!DecodeStackRun(first_id, bytes, &parents, &frames).ok()) return;
  Require(parents.size() == frames.size());
  for (size_t i = 0; i < parents.size(); ++i) Require(parents[i] < first_id + i);
  std::vector<uint32_t> parents_again, frames_again;
  Require(DecodeStackRun(first_id, EncodeStackRun(first_id, parents, frames), &parents_again,
                         &frames_again)
              .ok());
  Require(parents_again == parents && frames_again == frames);
}

void FuzzDerived(std::string_view bytes) {
  const auto derived = DecodeDerived(bytes);
  if (!derived.ok()) return;
  Require(*DecodeDerived(EncodeDerived(*derived)) == *derived);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const char which = bytes.front();
  bytes.remove_prefix(1);
  switch (which) {
    case 'F':
      FuzzFrameRun(bytes);
      break;
    case 'S':
      FuzzStackRun(bytes);
      break;
    default:
      FuzzDerived(bytes);
  }
  return 0;
}
