// Decoding speed of profiles, by their unpacked bytes: stacks that are known, and ones that are
// not.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "compat/otlp_profiles.pb.h"
#include "compat/pprof.pb.h"
#include "ingest/fake_interner.h"
#include "ingest/otlp_decoder.h"
#include "ingest/pipeline.h"
#include "ingest/pprof_decoder.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {
namespace {

constexpr int kBenchFrames = 4000;
constexpr int kBenchSamples = 20'000;
constexpr int kBenchDepth = 30;

std::string BenchName(int i) {
  return "github.com/someone/service/internal/component" + std::to_string(i % 97) +
         ".(*Type).Method" + std::to_string(i);
}

// As Go makes them: two values a sample, a function in each location.
const std::string& BenchPprof() {
  static const std::string* const kProfile = [] {
    std::mt19937_64 random(1);
    perftools::profiles::Profile profile;
    for (const char* text : {"", "samples", "count", "cpu", "nanoseconds", "endpoint", "/index"}) {
      profile.add_string_table(text);
    }
    for (const int type : {1, 3}) {
      profile.add_sample_type()->set_type(type);
      profile.mutable_sample_type(profile.sample_type_size() - 1)->set_unit(type + 1);
    }
    for (int i = 0; i < kBenchFrames; ++i) {
      auto* function = profile.add_function();
      function->set_id(static_cast<uint64_t>(i) + 1);
      function->set_name(profile.string_table_size());
      profile.add_string_table(BenchName(i));
      auto* location = profile.add_location();
      location->set_id(static_cast<uint64_t>(i) + 1);
      location->add_line()->set_function_id(static_cast<uint64_t>(i) + 1);
    }
    for (int i = 0; i < kBenchSamples; ++i) {
      auto* sample = profile.add_sample();
      for (int depth = 0; depth < kBenchDepth; ++depth) {
        sample->add_location_id(random() % kBenchFrames + 1);
      }
      sample->add_value(1);
      sample->add_value(10'000'000);
      sample->add_label()->set_key(5);
      sample->mutable_label(0)->set_str(6);
    }
    return new std::string(profile.SerializeAsString());
  }();
  return *kProfile;
}

struct BenchDecoder {
  Metrics metrics;
  FakeInterner interner;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<ProfileStream> stream;
  std::vector<storage::Sample> samples;

  explicit BenchDecoder(CacheSizes caches) {
    pipeline = *Pipeline::Make(&interner, {.metrics = &metrics, .caches = caches});
    stream = pipeline->NewProfileStream(
        {.site = "eqiad", .source = "bench", .relabel = pipeline->push_relabel()});
  }
};

void DecodePprofBench(benchmark::State& state, CacheSizes caches) {
  BenchDecoder decoder(caches);
  const std::string& profile = BenchPprof();
  const auto decode = [&] {
    decoder.samples.clear();
    if (!DecodePprof(profile, {.minute = 1}, decoder.stream.get(), &decoder.samples).ok()) {
      state.SkipWithError("decoding failed");
    }
  };
  decode();
  for (auto _ : state) decode();
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * profile.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBenchSamples);
}

void BM_DecodePprof(benchmark::State& state) { DecodePprofBench(state, {}); }
BENCHMARK(BM_DecodePprof);

void BM_DecodePprofWithoutStackCache(benchmark::State& state) {
  DecodePprofBench(state, {.stacks = 4});
}
BENCHMARK(BM_DecodePprofWithoutStackCache);

// As an eBPF profiler makes them: stacks of the dictionary, a time stamp an observation.
const std::string& BenchOtlp() {
  static const std::string* const kRequest = [] {
    namespace otlp = ::opentelemetry::proto::collector::profiles::v1development;
    std::mt19937_64 random(1);
    otlp::ExportProfilesServiceRequest request;
    auto& dictionary = *request.mutable_dictionary();
    for (const char* text : {"", "samples", "count"}) dictionary.add_string_table(text);
    dictionary.add_location_table();
    dictionary.add_function_table();
    dictionary.add_stack_table();
    for (int i = 1; i <= kBenchFrames; ++i) {
      dictionary.add_function_table()->set_name_strindex(dictionary.string_table_size());
      dictionary.add_string_table(BenchName(i));
      dictionary.add_location_table()->add_lines()->set_function_index(i);
    }
    auto* profile = request.add_resource_profiles()->add_scope_profiles()->add_profiles();
    profile->mutable_sample_type()->set_type_strindex(1);
    profile->mutable_sample_type()->set_unit_strindex(2);
    for (int i = 1; i <= kBenchSamples; ++i) {
      auto* stack = dictionary.add_stack_table();
      for (int depth = 0; depth < kBenchDepth; ++depth) {
        stack->add_location_indices(static_cast<int>(random() % kBenchFrames) + 1);
      }
      auto* sample = profile->add_samples();
      sample->set_stack_index(i);
      sample->add_timestamps_unix_nano(1'763'640'000'000'000'000u);
    }
    return new std::string(request.SerializeAsString());
  }();
  return *kRequest;
}

void BM_DecodeOtlp(benchmark::State& state) {
  BenchDecoder decoder({});
  const std::string& request = BenchOtlp();
  const auto decode = [&] {
    decoder.samples.clear();
    const auto tables = OtlpTables::Read(request);
    OtlpBudget budget = OtlpBudget::For(request.size());
    const absl::Status status = tables->ForEachResource([&](std::string_view resource) {
      ProtoReader scopes(resource);
      while (scopes.Next()) {
        ProtoReader profiles(scopes.bytes());
        while (profiles.Next()) {
          const auto level = DecodeOtlpProfile(*tables, profiles.bytes(), &budget,
                                               decoder.stream.get(), &decoder.samples);
          if (!level.ok()) return level.status();
        }
      }
      return absl::OkStatus();
    });
    if (!status.ok() || decoder.samples.empty()) state.SkipWithError("decoding failed");
  };
  decode();
  for (auto _ : state) decode();
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * request.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBenchSamples);
}
BENCHMARK(BM_DecodeOtlp);

}  // namespace
}  // namespace flamekeep::ingest
