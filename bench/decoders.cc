// Measures how fast each decoder is on one core, on the recorded samples as real senders send them;
// see README.md.
//
//   decoders --dir /tmp/decoders --forms pprof 'perf script'
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/status.h"
#include "bench/support/foreign_inputs.h"
#include "bench/support/must.h"
#include "bench/support/process_usage.h"
#include "bench/support/recorded_samples.h"
#include "bench/support/redis_speaker.h"
#include "bench/support/results.h"
#include "cli/speedscope.h"
#include "ingest/folded.h"
#include "ingest/interner.h"
#include "ingest/otlp_decoder.h"
#include "ingest/otlp_tables.h"
#include "ingest/perf_script.h"
#include "ingest/pipeline.h"
#include "ingest/pprof_decoder.h"
#include "ingest/pprof_file_writer.h"
#include "ingest/proto_reader.h"
#include "ingest/redis_stream_client.h"
#include "ingest/redis_stream_decoder.h"
#include "ingest/waker.h"
#include "server/http/pyroscope_ingest.h"
#include "storage/store.h"

namespace flamekeep::bench {
namespace {

using storage::Sample;

struct Flags {
  std::string dir;
  std::string results;
  std::vector<std::string> forms;  // empty: all
  size_t messages = 0;             // 0: all
  size_t runs = 5;
};

// Appends the samples of an input, of which it may use the bytes as long as it runs.
using Decode = std::function<void(ForeignInput* input, std::vector<Sample>* samples)>;

struct Scene {
  ingest::Pipeline* pipeline;
  std::string directory;  // for sockets
};

// A form: what its senders gather, what they make of it, and who decodes it.
struct Form {
  std::string_view name;
  WindowSize window;
  ForeignInput (*make)(const Window& window);
  Decode (*decoder)(const Scene& scene);
};

storage::Minute MinuteOf(const ForeignInput& input) {
  return storage::MinuteOf(input.begin).value();
}

Decode FoldedDecoder(const Scene& scene) {
  const std::shared_ptr<ingest::LineStream> stream =
      scene.pipeline->NewStream({.site = "eqiad", .source = "bench"});
  const ingest::TypeHandle type = Must(stream->Type(Must(scene.pipeline->TypeOf("excimer"))));
  return [=](ForeignInput* input, std::vector<Sample>* samples) {
    Must(stream->DecodeFolded(input->bytes, type, MinuteOf(*input), samples));
  };
}

Decode TimedDecoder(const Scene& scene) {
  const std::shared_ptr<ingest::LineStream> stream =
      scene.pipeline->NewStream({.site = "eqiad", .source = "bench"});
  return [=](ForeignInput* input, std::vector<Sample>* samples) {
    Must(stream->DecodeTimed(input->bytes, samples));
  };
}

std::shared_ptr<ingest::ProfileStream> NewProfileStream(const Scene& scene) {
  return scene.pipeline->NewProfileStream({.site = "eqiad", .source = "bench"});
}

Decode PprofDecoder(const Scene& scene) {
  return [stream = NewProfileStream(scene)](ForeignInput* input, std::vector<Sample>* samples) {
    std::string unpacked;
    const std::string_view profile = Must(ingest::UnpackProfile(input->bytes, &unpacked));
    Must(ingest::DecodePprof(profile, {}, stream.get(), samples).status());
  };
}

Decode OtlpDecoder(const Scene& scene) {
  return [stream = NewProfileStream(scene)](ForeignInput* input, std::vector<Sample>* samples) {
    const ingest::OtlpTables tables = Must(ingest::OtlpTables::Read(input->bytes));
    ingest::OtlpBudget budget = ingest::OtlpBudget::For(input->bytes.size());
    Must(tables.ForEachResource([&](std::string_view resource) {
      for (ingest::ProtoReader scopes(resource); scopes.Next();) {
        if (scopes.field() != 2) continue;
        for (ingest::ProtoReader profiles(scopes.bytes()); profiles.Next();) {
          if (profiles.field() != 2) continue;
          Must(ingest::DecodeOtlpProfile(tables, profiles.bytes(), &budget, stream.get(), samples)
                   .status());
        }
      }
      return absl::OkStatus();
    }));
  };
}

Decode IngestTextDecoder(const Scene& scene) {
  return [stream = NewProfileStream(scene)](ForeignInput* input, std::vector<Sample>* samples) {
    server::HttpRequest request{
        .method = "POST", .path = "/ingest", .query = IngestQueryOf(*input), .headers = {}};
    request.body.swap(input->bytes);
    const auto push = Must(server::PushOfIngest(request));
    request.body.swap(input->bytes);
    Must(ingest::DecodePprof(push.series(0).samples(0).raw_profile(), {.name = "wall"},
                             stream.get(), samples)
             .status());
  };
}

// Decodes stacks as `flamekeep import` and the server do: in pprof profiles of about a megabyte.
class StackDecoder {
 public:
  StackDecoder(const ForeignInput& input, ingest::ProfileStream* stream,
               std::vector<Sample>* samples)
      : minute_(MinuteOf(input)), stream_(*stream), samples_(*samples) {}

  void Add(const ingest::ProfileKind& kind, const std::vector<ingest::FileFrame>& frames,
           uint64_t value) {
    constexpr size_t kProfileBytes = size_t{1} << 20;
    if (writer_ == nullptr) writer_ = std::make_unique<ingest::PprofFileWriter>(kind);
    writer_->Add(frames, value);
    if (writer_->size() >= kProfileBytes) Finish();
  }

  void Finish() {
    if (writer_ == nullptr || writer_->empty()) return;
    Must(ingest::DecodePprof(writer_->Take(), {.name = "bench", .minute = minute_}, &stream_,
                             &samples_)
             .status());
  }

 private:
  const storage::Minute minute_;
  ingest::ProfileStream& stream_;
  std::vector<Sample>& samples_;
  std::unique_ptr<ingest::PprofFileWriter> writer_;
};

Decode PerfScriptDecoder(const Scene& scene) {
  return [stream = NewProfileStream(scene)](ForeignInput* input, std::vector<Sample>* samples) {
    StackDecoder stacks(*input, stream.get(), samples);
    const auto use = [&](std::string_view event, const std::vector<ingest::FileFrame>& frames) {
      stacks.Add({"samples", "count", event, "count"}, frames, 1);
    };
    ingest::PerfScriptReader reader;
    std::string_view text = input->bytes;
    for (std::string_view line; ingest::NextLine(&text, &line);) reader.Line(line, use);
    reader.End(use);
    stacks.Finish();
    if (reader.passed_over() > 0) {
      Must(DataLoss("{} lines of perf script were passed over", reader.passed_over()));
    }
  };
}

Decode SpeedscopeDecoder(const Scene& scene) {
  return [stream = NewProfileStream(scene)](ForeignInput* input, std::vector<Sample>* samples) {
    StackDecoder stacks(*input, stream.get(), samples);
    Must(cli::ReadSpeedscope(input->bytes,
                             [&](const ingest::ProfileKind& kind,
                                 const std::vector<ingest::FileFrame>& frames, uint64_t value) {
                               stacks.Add(kind, frames, value);
                               return absl::OkStatus();
                             }));
    stacks.Finish();
  };
}

// The client, with a server that answers on another thread.
struct RedisStreamReader {
  explicit RedisStreamReader(const Scene& scene)
      : speaker(scene.directory + "/redis.sock"),
        decoder(Must(ingest::RedisStreamDecoder::Make(scene.pipeline, {}, "eqiad", "excimer"))),
        client(Must(
            ingest::RedisStreamClient::Open({.address = {.socket_path = speaker.socket_path()}},
                                            absl::Seconds(10), absl::Seconds(60), waker.fd()))) {}

  RedisSpeaker speaker;
  const ingest::Waker waker;
  const std::unique_ptr<ingest::RedisStreamDecoder> decoder;
  const std::unique_ptr<ingest::RedisStreamClient> client;
};

Decode RedisStreamReplyDecoder(const Scene& scene) {
  return [reader = std::make_shared<RedisStreamReader>(scene)](ForeignInput* input,
                                                               std::vector<Sample>* samples) {
    reader->speaker.SetReplies(&input->bytes);
    reader->decoder->Begin(0);
    Must(reader->client->Look("excimer", {}, input->entries, reader->decoder.get()).status());
    Must(reader->decoder->Finish());
    *samples = reader->decoder->samples();
  };
}

constexpr size_t kImportBytes = size_t{1} << 20;  // a batch of `flamekeep import`
constexpr size_t kLookBytes = size_t{2} << 20;    // what a look at a stream is to bring

std::vector<Form> Forms() {
  const WindowSize profile{.duration = kProfileDuration};
  return {
      {"folded lines", {.bytes = kImportBytes}, FoldedLinesOf, FoldedDecoder},
      {"timed messages", {.bytes = kImportBytes, .mixed = true}, TimedLinesOf, TimedDecoder},
      {"Redis stream replies", {.bytes = kLookBytes}, RedisRepliesOf, RedisStreamReplyDecoder},
      {"pprof", profile, PprofOf, PprofDecoder},
      {"pprof with gzip", profile, [](const Window& window) { return Packed(PprofOf(window)); },
       PprofDecoder},
      {"OpenTelemetry", profile, OtlpOf, OtlpDecoder},
      {"Pyroscope's folded text", profile, IngestTextOf, IngestTextDecoder},
      {"perf script", profile, PerfScriptOf, PerfScriptDecoder},
      {"speedscope", profile, SpeedscopeOf, SpeedscopeDecoder},
  };
}

// Decodes all inputs; CPU seconds of this thread.
double DecodeAll(const Decode& decode, std::vector<ForeignInput>* inputs) {
  std::vector<Sample> samples;
  double seconds = 0;
  for (ForeignInput& input : *inputs) {
    samples.clear();
    const double before = ThreadCpuSeconds();
    decode(&input, &samples);
    seconds += ThreadCpuSeconds() - before;
    if (samples.size() != input.entries) {
      Must(DataLoss("{} samples were decoded of {}", samples.size(), input.entries));
    }
  }
  return seconds;
}

struct Speeds {
  std::vector<double> fresh;  // CPU seconds, run by run
  std::vector<double> known;
};

// With an empty store and empty caches, and then again.
void RunOnce(const Form& form, const std::string& directory, std::vector<ForeignInput>* inputs,
             Speeds* speeds) {
  std::filesystem::create_directories(directory);
  {
    Metrics metrics;
    const auto store = Must(storage::Store::Open(
        {.directory = directory + "/store", .metrics = &metrics, .background_maintenance = false}));
    ingest::StoreInterner interner(store.get());
    const auto pipeline = Must(ingest::Pipeline::Make(
        &interner,
        {.rules = Must(ingest::Rules::Make({.frames = {{"/php-(?P<version>[^/]+)/", "/php/"}}})),
         .metrics = &metrics}));
    const Decode decode = form.decoder({.pipeline = pipeline.get(), .directory = directory});
    speeds->fresh.push_back(DecodeAll(decode, inputs));
    speeds->known.push_back(DecodeAll(decode, inputs));
  }
  std::filesystem::remove_all(directory);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void MeasureForm(const Form& form, const std::vector<RecordedSample>& recorded, const Flags& flags,
                 Results* results) {
  std::vector<ForeignInput> inputs;
  double megabytes = 0;
  double samples = 0;
  for (const Window& window : CutWindows(recorded, form.window)) {
    inputs.push_back(form.make(window));
    megabytes += static_cast<double>(inputs.back().unpacked_bytes) / 1e6;
    samples += static_cast<double>(inputs.back().samples);
  }
  Speeds speeds;
  for (size_t i = 0; i < flags.runs; ++i) {
    RunOnce(form, flags.dir, &inputs, &speeds);
  }
  const auto inputs_count = static_cast<double>(inputs.size());
  results->Add(fmt::format("decode {}: inputs, kB each, bytes a sample", form.name),
               fmt::format("{}, {:.0f}, {:.0f}", inputs.size(), megabytes * 1e3 / inputs_count,
                           megabytes * 1e6 / samples));
  for (const auto& [name, seconds] :
       {std::pair("new stacks", &speeds.fresh), std::pair("known stacks", &speeds.known)}) {
    const double median = Median(*seconds);
    results->Add(fmt::format("decode {}, {}: MB/s, M samples/s a core", form.name, name),
                 fmt::format("{:.0f}, {:.2f}", megabytes / median, samples / median / 1e6));
  }
}

void Run(const Flags& flags) {
  Results results(flags.results, "");
  const std::vector<RecordedSample> recorded =
      flags.messages == 0 ? ReadRecordedSamples() : ReadRecordedSamples(flags.messages);
  for (const Form& form : Forms()) {
    if (!flags.forms.empty() &&
        std::find(flags.forms.begin(), flags.forms.end(), form.name) == flags.forms.end()) {
      continue;
    }
    MeasureForm(form, recorded, flags, &results);
  }
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  CLI::App app("Measures the decoders on recorded samples");
  app.add_option("--messages", flags.messages, "Of the corpus; 0: all")->capture_default_str();
  app.add_option("--runs", flags.runs, "Runs of each")->capture_default_str();
  app.add_option("--forms", flags.forms, "Those to measure, by name; else all");
  app.add_option("--dir", flags.dir, "Directory of stores; removed with all in it")->required();
  app.add_option("--results", flags.results, "File that rows of the table are appended to");
  CLI11_PARSE(app, argc, argv);
  flamekeep::bench::Run(flags);
  return 0;
}
