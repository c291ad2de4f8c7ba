// Any bytes as folded and as timed lines, with rules: every line is a sample or is counted, every
// stored name is readable, and what the caches give is what was decoded.
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

namespace {

using flamekeep::Metrics;
using flamekeep::ingest::FakeInterner;
using flamekeep::ingest::Pipeline;
using flamekeep::ingest::Rules;
using flamekeep::ingest::TypeHandle;
using flamekeep::storage::Sample;

void Check(bool holds) {
  if (!holds) std::abort();
}

const Rules& TestRules() {
  static const Rules* const kRules = new Rules(
      Rules::Make({.labels = {{"leaf", ";(?P<leaf>[^;]*)$"}},
                   .frames = {{"/php-(?P<version>[^/]+)/", "/php/"}, {"\\C(?P<byte>\\C)x", "\\1"}}})
          .value());
  return *kRules;
}

void CheckSamples(const FakeInterner& interner, const std::vector<Sample>& samples) {
  for (const Sample& sample : samples) {
    Check(sample.value != 0);
    const std::string folded = interner.Folded(sample.stack);
    Check(!folded.empty() && folded.front() != ';' && folded.back() != ';');
    Check(folded.find(";;") == std::string::npos);
    Check(flamekeep::ingest::IsReadable(folded));
    for (const auto& [name, value] : interner.SeriesOf(sample.series).labels) {
      Check(!name.empty() && !value.empty() && value.size() <= 256);
      Check(flamekeep::ingest::IsReadable(value));
    }
  }
}

bool Same(const Sample& a, const Sample& b) {
  return a.minute == b.minute && a.series == b.series && a.stack == b.stack && a.value == b.value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  FakeInterner interner;
  Metrics metrics;
  const auto pipeline = Pipeline::Make(&interner, {.rules = TestRules(),
                                                   .metrics = &metrics,
                                                   .limits = {.series = 8},
                                                   .caches = {.stacks = 16, .frames = 16}})
                            .value();
  const auto stream = pipeline->NewStream({.site = "site", .source = "fuzz"});
  const TypeHandle type = stream->Type({.name = "type"}).value();

  for (const bool timed : {false, true}) {
    std::vector<Sample> first;
    std::vector<Sample> again;
    for (std::vector<Sample>* samples : {&first, &again}) {
      Check((timed ? stream->DecodeTimed(text, samples)
                   : stream->DecodeFolded(text, type, 1, samples))
                .ok());
    }
    Check(stream->counts().lines == stream->counts().samples + stream->counts().rejected);
    Check(first.size() == again.size());
    for (size_t i = 0; i < first.size(); ++i) Check(Same(first[i], again[i]));
    CheckSamples(interner, first);
  }
  return 0;
}
