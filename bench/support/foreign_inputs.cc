#include "bench/support/foreign_inputs.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/gzip.h"
#include "base/json_text.h"
#include "bench/support/must.h"
#include "compat/otlp_profiles.pb.h"
#include "ingest/folded.h"
#include "ingest/perf_script.h"
#include "ingest/pprof_file_writer.h"

namespace flamekeep::bench {
namespace {

namespace otlp = ::opentelemetry::proto::collector::profiles::v1development;

// How the corpus was sampled.
constexpr std::string_view kCpuChannel = "excimer";
constexpr uint64_t kCpuNanos = 8'000'000;
constexpr uint64_t kWallNanos = 2'000'000;
constexpr uint64_t kNanosPerSecond = 1'000'000'000;
constexpr uint64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerMinute = 60;

bool IsCpu(const Window& window) { return window.front()->channel == kCpuChannel; }
uint64_t NanosOf(const Window& window) { return IsCpu(window) ? kCpuNanos : kWallNanos; }

// An input of as many entries as samples.
ForeignInput Finish(const Window& window, std::string bytes) {
  const size_t size = bytes.size();
  return {.bytes = std::move(bytes),
          .unpacked_bytes = size,
          .begin = window.front()->time(),
          .samples = window.size(),
          .entries = window.size()};
}

// Counts by stack.
std::map<std::string_view, uint64_t> AddUp(const Window& window) {
  std::map<std::string_view, uint64_t> counts;
  for (const RecordedSample* sample : window) counts[sample->stack()] += sample->count;
  return counts;
}

// The same where a decoder adds equal stacks up.
ForeignInput FinishAddedUp(const Window& window, std::string bytes) {
  ForeignInput input = Finish(window, std::move(bytes));
  input.entries = AddUp(window).size();
  return input;
}

// Numbers things from 0 in order of first sight.
class Numbers {
 public:
  // Calls `add` with what is new.
  template <typename Add>
  int Of(std::string_view thing, Add add) {
    const auto [it, added] = numbers_.try_emplace(thing, static_cast<int>(numbers_.size()));
    if (added) add(thing);
    return it->second;
  }

 private:
  absl::flat_hash_map<std::string_view, int> numbers_;
};

// The dictionary of a request. Entry 0 of each table stands for none.
class OtlpDictionary {
 public:
  explicit OtlpDictionary(otlp::ProfilesDictionary* out) : out_(*out) {
    out_.add_mapping_table();
    out_.add_location_table();
    out_.add_function_table();
    out_.add_link_table();
    out_.add_attribute_table();
    out_.add_stack_table();
    String("");
  }

  int String(std::string_view text) {
    return strings_.Of(
        text, [this](std::string_view added) { out_.add_string_table(std::string(added)); });
  }

  int Attribute(std::string_view key, std::string_view value) {
    otlp::KeyValueAndUnit* attribute = out_.add_attribute_table();
    attribute->set_key_strindex(String(key));
    attribute->mutable_value()->set_string_value(std::string(value));
    return out_.attribute_table_size() - 1;
  }

  int Stack(std::string_view folded) {
    return 1 + stacks_.Of(folded, [this](std::string_view added) { AddStack(added); });
  }

 private:
  void AddStack(std::string_view folded) {
    ingest::SplitFrames(folded, &frames_);
    otlp::Stack* stack = out_.add_stack_table();
    for (size_t i = frames_.size(); i-- > 0;) {
      stack->add_location_indices(1 + functions_.Of(frames_[i], [this](std::string_view name) {
        out_.add_function_table()->set_name_strindex(String(name));
        out_.add_location_table()->add_lines()->set_function_index(out_.function_table_size() - 1);
      }));
    }
  }

  otlp::ProfilesDictionary& out_;
  Numbers strings_;
  Numbers functions_;  // and their locations
  Numbers stacks_;
  std::vector<std::string_view> frames_;  // scratch
};

void SetText(std::string_view key, std::string_view value, otlp::KeyValue* attribute) {
  attribute->set_key(std::string(key));
  attribute->mutable_value()->set_string_value(std::string(value));
}

}  // namespace

ForeignInput Packed(ForeignInput input) {
  input.bytes = Must(Gzip(input.bytes));
  return input;
}

ForeignInput FoldedLinesOf(const Window& window) {
  std::string text;
  for (const RecordedSample* sample : window) text.append(sample->payload).push_back('\n');
  return Finish(window, std::move(text));
}

ForeignInput TimedLinesOf(const Window& window) {
  std::string text;
  for (const RecordedSample* sample : window) {
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\n", sample->unix_micros, sample->channel,
                   sample->payload);
  }
  return Finish(window, std::move(text));
}

ForeignInput PprofOf(const Window& window) {
  const std::string_view type = IsCpu(window) ? "cpu" : "wall";
  ingest::PprofFileWriter writer({type, "nanoseconds", type, "nanoseconds"});
  std::vector<std::string_view> functions;
  std::vector<ingest::FileFrame> frames;
  for (const auto& [stack, count] : AddUp(window)) {
    ingest::SplitFrames(stack, &functions);
    frames.clear();
    for (const std::string_view function : functions) frames.emplace_back(function, "");
    writer.Add(frames, count * NanosOf(window));
  }
  return FinishAddedUp(window, writer.Take(window.front()->time(), kProfileDuration));
}

ForeignInput OtlpOf(const Window& window) {
  otlp::ExportProfilesServiceRequest request;
  OtlpDictionary dictionary(request.mutable_dictionary());
  otlp::ResourceProfiles* resource = request.add_resource_profiles();
  SetText("service.name", "mediawiki", resource->mutable_resource()->add_attributes());
  SetText("host.name", "mw1001", resource->mutable_resource()->add_attributes());
  otlp::Profile* profile = resource->add_scope_profiles()->add_profiles();
  profile->mutable_sample_type()->set_type_strindex(dictionary.String("samples"));
  profile->mutable_sample_type()->set_unit_strindex(dictionary.String("count"));
  profile->mutable_period_type()->set_type_strindex(
      dictionary.String(IsCpu(window) ? "cpu" : "wall"));
  profile->mutable_period_type()->set_unit_strindex(dictionary.String("nanoseconds"));
  profile->set_period(static_cast<int64_t>(NanosOf(window)));
  profile->set_time_unix_nano(static_cast<uint64_t>(absl::ToUnixNanos(window.front()->time())));
  profile->set_duration_nano(static_cast<uint64_t>(absl::ToInt64Nanoseconds(kProfileDuration)));
  const int thread = dictionary.Attribute("thread.name", "php-fpm");
  const int program = dictionary.Attribute("process.executable.name", "php-fpm8.2");
  absl::flat_hash_map<int, otlp::Sample*> samples;             // by stack
  absl::flat_hash_set<std::pair<int, absl::Time>> of_minutes;  // stacks, each minute
  for (const RecordedSample* recorded : window) {
    const int stack = dictionary.Stack(recorded->stack());
    of_minutes.emplace(stack, absl::FromUnixSeconds(absl::ToUnixSeconds(recorded->time()) /
                                                    kSecondsPerMinute * kSecondsPerMinute));
    otlp::Sample*& sample = samples[stack];
    if (sample == nullptr) {
      sample = profile->add_samples();
      sample->set_stack_index(stack);
      sample->add_attribute_indices(thread);
      sample->add_attribute_indices(program);
    }
    sample->add_timestamps_unix_nano(static_cast<uint64_t>(absl::ToUnixNanos(recorded->time())));
  }
  ForeignInput input = Finish(window, request.SerializeAsString());
  input.entries = of_minutes.size();
  return input;
}

ForeignInput IngestTextOf(const Window& window) {
  std::string text;
  for (const auto& [stack, count] : AddUp(window)) {
    fmt::format_to(std::back_inserter(text), "{} {}\n", stack, count);
  }
  return FinishAddedUp(window, std::move(text));
}

std::string IngestQueryOf(const ForeignInput& text) {
  return fmt::format(
      "name=mediawiki.wall%7Bhost%3Dmw1001%7D&from={}&until={}&format=folded&sampleRate={}",
      absl::ToUnixSeconds(text.begin), absl::ToUnixSeconds(text.begin + kProfileDuration),
      kNanosPerSecond / kWallNanos);
}

ForeignInput PerfScriptOf(const Window& window) {
  constexpr uint64_t kFirstAddress = 0x55d0c0a00000;
  constexpr uint64_t kFunctionBytes = 0x140;
  Numbers functions;
  std::vector<std::string_view> frames;
  std::string text;
  for (const RecordedSample* sample : window) {
    const auto micros = static_cast<uint64_t>(sample->unix_micros);
    fmt::format_to(std::back_inserter(text), "php-fpm8.2  1234 [001] {}.{:06}:     250000 {}:P: \n",
                   micros / kMicrosPerSecond, micros % kMicrosPerSecond, "cycles");
    ingest::SplitFrames(sample->stack(), &frames);
    for (size_t i = frames.size(); i-- > 0;) {
      const int number = functions.Of(frames[i], [](std::string_view) {});
      fmt::format_to(std::back_inserter(text), "\t{:16x} {}+0x1c (/tmp/perf-1234.map)\n",
                     kFirstAddress + static_cast<uint64_t>(number) * kFunctionBytes, frames[i]);
    }
    text.push_back('\n');
  }
  return FinishAddedUp(window, std::move(text));
}

ForeignInput SpeedscopeOf(const Window& window) {
  Numbers functions;
  std::string names;
  std::string samples;
  std::string weights;
  std::vector<std::string_view> frames;
  uint64_t end = 0;
  for (const RecordedSample* sample : window) {
    ingest::SplitFrames(sample->stack(), &frames);
    samples += samples.empty() ? "[" : ",[";
    for (size_t i = 0; i < frames.size(); ++i) {
      const int number = functions.Of(frames[i], [&names](std::string_view name) {
        names += names.empty() ? "{\"name\":" : ",{\"name\":";
        AppendJsonString(name, &names);
        names += '}';
      });
      fmt::format_to(std::back_inserter(samples), "{}{}", i == 0 ? "" : ",", number);
    }
    samples += ']';
    const uint64_t weight = sample->count * NanosOf(window);
    fmt::format_to(std::back_inserter(weights), "{}{}", weights.empty() ? "" : ",", weight);
    end += weight;
  }
  return FinishAddedUp(
      window,
      fmt::format(R"({{"$schema":"https://www.speedscope.app/file-format-schema.json",)"
                  R"("shared":{{"frames":[{}]}},"profiles":[{{"type":"sampled","name":"{}",)"
                  R"("unit":"nanoseconds","startValue":0,"endValue":{},"samples":[{}],)"
                  R"("weights":[{}]}}]}})",
                  names, window.front()->channel, end, samples, weights));
}

ForeignInput RedisRepliesOf(const Window& window) {
  const auto string = [](std::string_view text) {
    return fmt::format("${}\r\n{}\r\n", text.size(), text);
  };
  std::string entries;
  std::string id;
  for (size_t i = 0; i < window.size(); ++i) {
    id = fmt::format("{}-{}", window[i]->unix_micros / 1000, i);
    entries += "*2\r\n" + string(id) + "*2\r\n" + string("stack") + string(window[i]->payload);
  }
  const int64_t seconds = absl::ToUnixSeconds(window.back()->time());
  return Finish(
      window,
      // ROLE, MULTI, three that are queued, EXEC.
      "*3\r\n" + string("master") + ":0\r\n*0\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n" +
          // TIME, XINFO STREAM, XREAD.
          fmt::format("*2\r\n{}{}", string(fmt::format("{}", seconds)), string("000001")) +
          fmt::format("*6\r\n{}:{}\r\n{}{}{}:{}\r\n", string("length"), window.size(),
                      string("last-generated-id"), string(id), string("entries-added"),
                      window.size()) +
          fmt::format("*1\r\n*2\r\n{}*{}\r\n", string(window.front()->channel), window.size()) +
          entries);
}

}  // namespace flamekeep::bench
