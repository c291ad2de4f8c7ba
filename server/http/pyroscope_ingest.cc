#include "server/http/pyroscope_ingest.h"

#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/pprof_file_writer.h"
#include "server/http/json_codec.h"
#include "server/http/push_route.h"
#include "server/http/query_string.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

constexpr size_t kMaxFormParts = 16;
constexpr size_t kMaxConfigBytes = size_t{64} << 10;
constexpr size_t kMaxIngestLabels = 64;
constexpr int64_t kDefaultSampleRate = 100;

// What is measured, by the end of `name`: a profile type, and whether values are samples of a
// timer.
struct Measured {
  std::string_view suffix;
  std::string_view name;
  std::string_view type;
  std::string_view unit;
  bool timer = false;
};

constexpr Measured kMeasured[] = {
    {"cpu", "process_cpu", "cpu", "nanoseconds", true},
    {"itimer", "process_cpu", "cpu", "nanoseconds", true},
    {"wall", "wall", "wall", "nanoseconds", true},
    {"inuse_objects", "memory", "inuse_objects", "count"},
    {"inuse_space", "memory", "inuse_space", "bytes"},
    {"alloc_objects", "memory", "alloc_objects", "count"},
    {"alloc_space", "memory", "alloc_space", "bytes"},
    {"alloc_in_new_tlab_objects", "memory", "alloc_in_new_tlab_objects", "count"},
    {"alloc_in_new_tlab_bytes", "memory", "alloc_in_new_tlab_bytes", "bytes"},
    {"alloc_outside_tlab_objects", "memory", "alloc_outside_tlab_objects", "count"},
    {"alloc_outside_tlab_bytes", "memory", "alloc_outside_tlab_bytes", "bytes"},
    {"live", "memory", "live", "count"},
    {"goroutines", "goroutines", "goroutine", "count"},
    {"mutex_count", "mutex", "contentions", "count"},
    {"mutex_duration", "mutex", "delay", "nanoseconds"},
    {"block_count", "block", "contentions", "count"},
    {"block_duration", "block", "delay", "nanoseconds"},
    {"lock_count", "block", "contentions", "count"},
    {"lock_duration", "block", "delay", "nanoseconds"},
    {"exceptions", "exceptions", "samples", "count"},
};

// "app.cpu{k=v,k2=v2}".
struct IngestName {
  std::string_view app;
  const Measured* measured = &kMeasured[0];
  bool has_ending = false;  // it says what is measured; else it is CPU time
  std::vector<std::pair<std::string_view, std::string_view>> labels;
};

absl::StatusOr<IngestName> ParseIngestName(std::string_view text) {
  IngestName name;
  const size_t brace = text.find('{');
  name.app = text.substr(0, brace);
  if (name.app.empty()) {
    return InvalidArgument("`name` is missing: write name=SERVICE.cpu, with labels {{name=value}}");
  }
  if (brace != std::string_view::npos) {
    if (!text.ends_with('}')) {
      return InvalidArgument("`name` is \"{}\", whose labels do not end with a brace",
                             Shorten(text));
    }
    std::string_view rest = text.substr(brace + 1, text.size() - brace - 2);
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view pair = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      std::string_view value = pair.substr(equals + 1);
      if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
        value = value.substr(1, value.size() - 2);
      }
      if (name.labels.size() == kMaxIngestLabels) {
        return InvalidArgument("`name` has over {} labels: give it fewer", kMaxIngestLabels);
      }
      name.labels.emplace_back(pair.substr(0, equals), value);
    }
  }
  const size_t dot = name.app.rfind('.');
  const std::string_view suffix = dot == std::string_view::npos ? "" : name.app.substr(dot + 1);
  for (const Measured& measured : kMeasured) {
    if (measured.suffix != suffix) continue;
    name.measured = &measured;
    name.has_ending = true;
    name.app = name.app.substr(0, dot);
    break;
  }
  return name;
}

// Unix seconds, or finer units, as clients send all of them.
std::optional<absl::Time> ParseIngestTime(std::string_view text) {
  constexpr int64_t kMilliseconds = 100'000'000'000;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  if (number < kMilliseconds) return absl::FromUnixSeconds(number);
  if (number < kMilliseconds * 1000) return absl::FromUnixMillis(number);
  if (number < kMilliseconds * 1'000'000) return absl::FromUnixMicros(number);
  return absl::FromUnixNanos(number);
}

// Folded text, or with `lines` a stack a line, as a pprof profile.
absl::StatusOr<std::string> PprofOfFolded(std::string_view text, bool lines,
                                          const Measured& measured, uint64_t scale,
                                          std::optional<absl::Time> from,
                                          std::optional<absl::Time> until) {
  ingest::PprofFileWriter writer(
      measured.timer ? ingest::ProfileKind{measured.type, measured.unit, "cpu", "nanoseconds"}
                     : ingest::ProfileKind{measured.type, measured.unit, "", ""});
  std::vector<std::string_view> functions;
  std::vector<ingest::FileFrame> frames;
  std::string_view line;
  while (ingest::NextLine(&text, &line)) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    ingest::FoldedLine folded{.stack = line, .count = 1};
    if (!lines) {
      const ingest::Reject reject = ingest::ParseFolded(line, &folded);
      if (reject == ingest::Reject::kZeroCount) continue;
      if (reject != ingest::Reject::kNone) {
        return InvalidArgument("the line \"{}\" is no folded stack with a count behind a blank",
                               Shorten(line));
      }
    }
    ingest::SplitFrames(folded.stack, &functions);
    frames.clear();
    for (const std::string_view function : functions) frames.emplace_back(function, "");
    constexpr uint64_t kMax = uint64_t{1} << 62;
    writer.Add(frames, folded.count > kMax / scale ? kMax : folded.count * scale);
  }
  const absl::Duration duration =
      from && until && *until > *from ? *until - *from : absl::ZeroDuration();
  return writer.Take(from.value_or(absl::UnixEpoch()), duration);
}

// `sample_type_config`: {"contentions": {"display-name": "mutex_count", "units": "x", "cumulative":
// true}}. As Pyroscope does, types and units are those of the profile itself.
absl::Status ReadTypeConfig(std::string_view json, ::push::v1::RawSample* sample) {
  if (json.size() > kMaxConfigBytes) {
    return InvalidArgument("`sample_type_config` has {} bytes: send at most {}", json.size(),
                           kMaxConfigBytes);
  }
  const absl::StatusOr<std::string> bytes =
      JsonToProto(*google::protobuf::Struct::descriptor(), json, UnknownFields::kRefuse);
  google::protobuf::Struct config;
  if (!bytes.ok() || !config.ParseFromString(*bytes)) {
    return InvalidArgument("`sample_type_config` is no JSON object: {}",
                           bytes.ok() ? "" : Message(bytes.status()));
  }
  for (const auto& [type, value] : config.fields()) {
    ::push::v1::TypeRule* rule = sample->add_type_rules();
    rule->set_sample_type(type);
    for (const auto& [key, setting] : value.struct_value().fields()) {
      if (key == "display-name") rule->set_display_name(setting.string_value());
      if (key == "cumulative") rule->set_cumulative(setting.bool_value());
    }
  }
  return absl::OkStatus();
}

// The value of `key="..."` among the parameters of a header.
std::string_view ParameterOf(std::string_view header, std::string_view key) {
  for (size_t at = header.find(key); at != std::string_view::npos; at = header.find(key, at + 1)) {
    const bool begins = at == 0 || header[at - 1] == ' ' || header[at - 1] == ';';
    std::string_view rest = header.substr(at + key.size());
    if (!begins || !rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    if (rest.starts_with('"')) return rest.substr(1, std::min(rest.find('"', 1), rest.size()) - 1);
    return rest.substr(0, rest.find_first_of("; \r\n"));
  }
  return {};
}

absl::Status ReadIngestBody(const HttpRequest& request, const QueryString& query,
                            const IngestName& name, ::push::v1::RawSample* sample) {
  const std::string_view format = query.Get("format");
  const std::string_view content_type = request.Header("Content-Type");
  if (content_type.starts_with("multipart/form-data")) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<FormPart> parts,
                               ParseForm(content_type, request.body));
    for (const FormPart& part : parts) {
      if (part.name == "profile") sample->set_raw_profile(std::string(part.data));
      if (part.name == "prev_profile") sample->set_previous_profile(std::string(part.data));
      if (part.name == "sample_type_config") {
        FLAMEKEEP_RETURN_IF_ERROR(ReadTypeConfig(part.data, sample));
      }
    }
    if (!sample->raw_profile().empty()) return absl::OkStatus();
    return InvalidArgument("the form has no part `profile`: send it");
  }
  if (format == "pprof") {
    sample->set_raw_profile(request.body);
    return absl::OkStatus();
  }
  constexpr std::array<std::string_view, 4> kFolded = {"", "folded", "groups", "lines"};
  if (std::find(kFolded.begin(), kFolded.end(), format) == kFolded.end()) {
    return InvalidArgument("the format \"{}\" is not read here: send folded, lines or pprof",
                           Shorten(format));
  }
  const std::string_view units = query.Get("units");
  if (!name.has_ending && !units.empty() && units != "samples") {
    return InvalidArgument(
        "`units` is \"{}\", and `name` does not say what is measured: end it with .alloc_space, "
        ".inuse_space, .goroutines, .cpu, .wall or another that Pyroscope has",
        Shorten(units));
  }
  constexpr int64_t kNanos = 1'000'000'000;
  int64_t rate = kDefaultSampleRate;
  if (const std::string_view text = query.Get("sampleRate"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
    if (error != std::errc() || end != text.data() + text.size() || rate < 1 || rate > kNanos) {
      return InvalidArgument("`sampleRate` is \"{}\": write a whole number of samples a second",
                             Shorten(text));
    }
  }
  const uint64_t scale = name.measured->timer ? static_cast<uint64_t>(kNanos / rate) : 1;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      *sample->mutable_raw_profile(),
      PprofOfFolded(request.body, format == "lines", *name.measured, scale,
                    ParseIngestTime(query.Get("from")), ParseIngestTime(query.Get("until"))));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<FormPart>> ParseForm(std::string_view content_type,
                                                std::string_view body) {
  const std::string_view boundary = ParameterOf(content_type, "boundary");
  if (boundary.empty()) return InvalidArgument("the form's Content-Type has no boundary");
  const std::string delimiter = fmt::format("--{}", boundary);
  std::vector<FormPart> parts;
  size_t at = body.find(delimiter);
  while (at != std::string_view::npos) {
    body.remove_prefix(at + delimiter.size());
    if (body.starts_with("--")) return parts;
    const size_t head_end = body.find("\r\n\r\n");
    if (!body.starts_with("\r\n") || head_end == std::string_view::npos) break;
    const std::string_view head = body.substr(0, head_end);
    body.remove_prefix(head_end + 4);
    at = body.find("\r\n" + delimiter);
    if (at == std::string_view::npos) break;
    if (parts.size() == kMaxFormParts) {
      return InvalidArgument("the form has over {} parts: send fewer", kMaxFormParts);
    }
    parts.push_back({.name = ParameterOf(head, "name"), .data = body.substr(0, at)});
    at += 2;
  }
  return InvalidArgument("the body is no whole multipart/form-data: send it again");
}

absl::StatusOr<::push::v1::PushRequest> PushOfIngest(const HttpRequest& request) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const QueryString query, QueryString::Parse(request.query));
  const std::string_view text = query.Get("name");
  FLAMEKEEP_ASSIGN_OR_RETURN(const IngestName name, ParseIngestName(text));
  ::push::v1::PushRequest push;
  ::push::v1::RawProfileSeries* series = push.add_series();
  const auto add_label = [series](std::string_view label, std::string_view value) {
    ::push::v1::LabelPair* pair = series->add_labels();
    pair->set_name(std::string(label));
    pair->set_value(std::string(value));
  };
  ::push::v1::RawSample* sample = series->add_samples();
  if (const auto from = ParseIngestTime(query.Get("from"))) {
    sample->set_begin_nanos(absl::ToUnixNanos(*from));
    const auto until = ParseIngestTime(query.Get("until"));
    sample->set_end_nanos(absl::ToUnixNanos(until.value_or(*from)));
  }
  FLAMEKEEP_RETURN_IF_ERROR(ReadIngestBody(request, query, name, sample));
  // A pprof profile of several types tells by itself what each is.
  const bool folded = query.Get("format") != "pprof" &&
                      !request.Header("Content-Type").starts_with("multipart/form-data");
  if (folded) add_label("__name__", name.measured->name);
  bool has_service = false;
  for (const auto& [label, value] : name.labels) {
    has_service |= label == "service_name";
    add_label(label, value);
  }
  if (!has_service) add_label("service_name", name.app);
  return push;
}

HttpRoute PyroscopeIngestRoute(LocalCalls* calls, size_t max_body_bytes) {
  return PushRoute(calls,
                   {.path = "/ingest", .max_body_bytes = max_body_bytes, .read = PushOfIngest});
}

}  // namespace flamekeep::server
