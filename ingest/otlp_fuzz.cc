// Any bytes as a request of OpenTelemetry: each of its profiles is refused whole, or every value of
// it is a sample or is counted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/folded.h"
#include "ingest/otlp_decoder.h"
#include "ingest/otlp_tables.h"
#include "ingest/pipeline.h"
#include "ingest/proto_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ingest = flamekeep::ingest;
  const auto check = [](bool holds) {
    if (!holds) std::abort();
  };
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tables = ingest::OtlpTables::Read(bytes);
  if (!tables.ok()) return 0;
  ingest::FakeInterner interner;
  flamekeep::Metrics metrics;
  const auto pipeline = ingest::Pipeline::Make(&interner, {.metrics = &metrics,
                                                           .limits = {.series = 8},
                                                           .caches = {.stacks = 16, .frames = 16}})
                            .value();
  const auto stream = pipeline->NewProfileStream(
      {.site = "site", .source = "fuzz", .relabel = pipeline->push_relabel()});
  auto budget = ingest::OtlpBudget::For(size);
  std::vector<flamekeep::storage::Sample> samples;
  (void)tables->ForEachResource([&](std::string_view resource) {
    for (ingest::ProtoReader scope(resource); scope.Next();) {
      if (scope.field() != 2) continue;
      for (ingest::ProtoReader profile(scope.bytes()); profile.Next();) {
        if (profile.field() != 2) continue;
        samples.clear();
        const auto level =
            ingest::DecodeOtlpProfile(*tables, profile.bytes(), &budget, stream.get(), &samples);
        if (!level.ok()) continue;
        for (const auto& sample : samples) {
          check(sample.value != 0 && ingest::IsReadable(interner.Folded(sample.stack)));
        }
      }
    }
    return absl::OkStatus();
  });
  check(stream->counts().lines == stream->counts().samples + stream->counts().rejected);
  return 0;
}
