// Decoding speed, against reading the same bytes with memchr and against hashing them.
//
//   FLAMEKEEP_BENCH_LINES=FILE ingest_bench     lines of the corpus format; made-up ones by default
#include <benchmark/benchmark.h>
#include <xxhash.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/folded.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {
namespace {

// About what MediaWiki gives: 890 bytes a line, most lines of stacks that were seen before.

std::string MakeTimedLines() {
  const char* const path =
      std::getenv("FLAMEKEEP_BENCH_LINES");  // NOLINT(concurrency-mt-unsafe): main thread
  if (path != nullptr) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
  }
  std::mt19937_64 random(1);
  std::vector<std::string> frames(4000);
  for (std::string& frame : frames) {
    frame = "MediaWiki\\Component" + std::to_string(random() % 10'000) + "::method" +
            std::string(random() % 16, 'x');
  }
  std::vector<std::string> stacks(60'000);
  for (std::string& stack : stacks) {
    stack = "/srv/mediawiki/w/index.php;/srv/mediawiki/php-1.46.0-wmf.3/index.php";
    for (int depth = 0; depth < 22; ++depth) stack += ";" + frames[random() % frames.size()];
  }
  std::string lines;
  for (int i = 0; i < 200'000; ++i) {
    lines += std::to_string(1795222421345189 + i * 1700) +
             (random() % 8 == 0 ? "\texcimer\t" : "\texcimer-wall\t") +
             stacks[random() % stacks.size()] + " 1\n";
  }
  return lines;
}

const std::string& TimedLines() {
  static const std::string* const kLines = new std::string(MakeTimedLines());
  return *kLines;
}

const std::string& FoldedLines() {
  static const std::string* const kLines = [] {
    auto* folded = new std::string;
    std::string_view text = TimedLines();
    std::string_view line;
    TimedLine timed;
    while (NextLine(&text, &line)) {
      if (ParseTimed(line, &timed) == Reject::kNone) folded->append(timed.folded).push_back('\n');
    }
    return folded;
  }();
  return *kLines;
}

constexpr size_t kChunk = 256 << 10;

// Calls `use` with pieces of whole lines.
template <typename Use>
void ForEachChunk(std::string_view text, Use use) {
  while (!text.empty()) {
    const size_t newline = text.find('\n', std::min(kChunk, text.size()) - 1);
    const size_t length = std::min(newline, text.size() - 1) + 1;
    use(text.substr(0, length));
    text.remove_prefix(length);
  }
}

void BM_Memchr(benchmark::State& state) {
  TimedLines();
  for (auto _ : state) {
    std::string_view text = TimedLines();
    std::string_view line;
    size_t lines = 0;
    while (NextLine(&text, &line)) ++lines;
    benchmark::DoNotOptimize(lines);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * TimedLines().size()));
}
BENCHMARK(BM_Memchr);

void BM_MemchrAndHash(benchmark::State& state) {
  FoldedLines();
  for (auto _ : state) {
    std::string_view text = FoldedLines();
    std::string_view line;
    uint64_t sum = 0;
    while (NextLine(&text, &line)) sum += XXH3_128bits(line.data(), line.size()).low64;
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * FoldedLines().size()));
}
BENCHMARK(BM_MemchrAndHash);

struct Decoder {
  Metrics metrics;
  FakeInterner interner;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<LineStream> stream;
  std::vector<storage::Sample> samples;

  LabelSalts salts{{}, &metrics};

  explicit Decoder(CacheSizes caches, const RelabelRules& relabel) {
    PipelineOptions options{.salts = &salts, .metrics = &metrics, .caches = caches};
    options.rules = *Rules::Make({.frames = {{"/php-(?P<version>[^/]+)/", "/php/"}}});
    pipeline = *Pipeline::Make(&interner, std::move(options));
    stream = pipeline->NewStream(
        {.site = "eqiad", .source = "bench", .relabel = *Relabel::Make(relabel)});
  }
};

// Warm: the stacks are known. `timed`: lines with their own times and channels.
void Decode(benchmark::State& state, CacheSizes caches, bool timed,
            const RelabelRules& relabel = {}) {
  Decoder decoder(caches, relabel);
  const TypeHandle type = *decoder.stream->Type({.name = "excimer"});
  const storage::Minute minute = storage::MinuteOf(absl::Now()).value();
  const std::string& text = timed ? TimedLines() : FoldedLines();
  const auto decode_all = [&] {
    ForEachChunk(text, [&](std::string_view lines) {
      decoder.samples.clear();
      const absl::Status status =
          timed ? decoder.stream->DecodeTimed(lines, &decoder.samples)
                : decoder.stream->DecodeFolded(lines, type, minute, &decoder.samples);
      if (!status.ok()) state.SkipWithError("decoding failed");
    });
  };
  decode_all();
  const uint64_t warm_lines = decoder.stream->counts().lines;
  for (auto _ : state) decode_all();
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
  state.SetItemsProcessed(static_cast<int64_t>(decoder.stream->counts().lines - warm_lines));
}

void BM_DecodeFolded(benchmark::State& state) { Decode(state, {}, /*timed=*/false); }
BENCHMARK(BM_DecodeFolded);

void BM_DecodeTimed(benchmark::State& state) { Decode(state, {}, /*timed=*/true); }
BENCHMARK(BM_DecodeTimed);

void BM_DecodeFoldedRelabelled(benchmark::State& state) {
  using Action = RelabelRule::Action;
  Decode(state, {}, /*timed=*/false,
         {{Action::kRename, "entry_point", "entry"}, {Action::kHash, "version", ""}});
}
BENCHMARK(BM_DecodeFoldedRelabelled);

// Every line is split into frames: the price of a stack that is new, but for the dictionary.
void BM_DecodeWithoutStackCache(benchmark::State& state) {
  Decode(state, {.stacks = 4}, /*timed=*/false);
}
BENCHMARK(BM_DecodeWithoutStackCache);

}  // namespace
}  // namespace flamekeep::ingest
