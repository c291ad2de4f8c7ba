// Any bytes as the output of `perf script`: frames stay within the lines, and what comes out can be
// written and decoded as a profile.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/folded.h"
#include "ingest/perf_script.h"
#include "ingest/pipeline.h"
#include "ingest/pprof_decoder.h"
#include "ingest/pprof_file_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ingest = flamekeep::ingest;
  const auto check = [](bool holds) {
    if (!holds) std::abort();
  };
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ingest::LooksLikePerfScript(text);
  ingest::PprofFileWriter writer({"samples", "count", "cycles", "count"});
  uint64_t samples = 0;
  const auto use = [&](std::string_view event, const std::vector<ingest::FileFrame>& frames) {
    check(!event.empty() && !frames.empty());
    writer.Add(frames, 1);
    ++samples;
  };
  ingest::PerfScriptReader reader;
  std::string_view line;
  while (ingest::NextLine(&text, &line)) reader.Line(line, use);
  reader.End(use);

  ingest::FakeInterner interner;
  flamekeep::Metrics metrics;
  const auto pipeline = ingest::Pipeline::Make(&interner, {.metrics = &metrics,
                                                           .caches = {.stacks = 16, .frames = 16}})
                            .value();
  const auto stream = pipeline->NewProfileStream(
      {.site = "site", .source = "fuzz", .relabel = pipeline->push_relabel()});
  std::vector<flamekeep::storage::Sample> decoded;
  check(ingest::DecodePprof(writer.Take(), {.minute = 1}, stream.get(), &decoded).ok());
  uint64_t sum = 0;
  for (const auto& sample : decoded) sum += sample.value;
  check(sum == samples);
  return 0;
}
