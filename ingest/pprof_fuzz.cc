// Any bytes as a profile, packed or not: every value is a sample or is counted, every stored name
// is readable, memory stays in its bounds, and what the caches give is what was decoded.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/folded.h"
#include "ingest/pipeline.h"
#include "ingest/pprof_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ingest = flamekeep::ingest;
  const auto check = [](bool holds) {
    if (!holds) std::abort();
  };
  ingest::FakeInterner interner;
  flamekeep::Metrics metrics;
  const auto pipeline = ingest::Pipeline::Make(&interner, {.metrics = &metrics,
                                                           .limits = {.series = 8},
                                                           .caches = {.stacks = 16, .frames = 16}})
                            .value();
  // All labels but hashed ones come in, whatever their names.
  const ingest::RelabelRules rules = {{ingest::RelabelRule::Action::kHash, "user", ""},
                                      {ingest::RelabelRule::Action::kKeep, "*", ""}};
  const auto stream = pipeline->NewProfileStream(
      {.site = "site", .source = "fuzz", .relabel = ingest::Relabel::Make(rules).value()});
  std::string unpacked;
  const auto profile =
      ingest::UnpackProfile({reinterpret_cast<const char*>(data), size}, &unpacked);
  if (!profile.ok()) return 0;
  check(profile->size() <= ingest::kMaxProfileBytes);
  std::vector<flamekeep::storage::Sample> first;
  std::vector<flamekeep::storage::Sample> again;
  for (auto* samples : {&first, &again}) {
    const auto level = ingest::DecodePprof(*profile, {}, stream.get(), samples);
    if (!level.ok()) {
      check(stream->counts() == ingest::LineCounts());
      return 0;
    }
  }
  check(stream->counts().lines == stream->counts().samples + stream->counts().rejected);
  check(first.size() == again.size());
  for (size_t i = 0; i < first.size(); ++i) {
    check(first[i].value != 0 && first[i].stack == again[i].stack);
    check(first[i].series == again[i].series);
    check(ingest::IsReadable(interner.Folded(first[i].stack)));
  }
  return 0;
}
