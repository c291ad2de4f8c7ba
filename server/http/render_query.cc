#include "server/http/render_query.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "base/status.h"
#include "base/time_parse.h"
#include "server/grpc/convert.h"
#include "server/matcher_text.h"
#include "server/render_format.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

constexpr std::string_view kRenderParameters[] = {"query",       "from",
                                                  "to",          "until",
                                                  "seconds",     "format",
                                                  "inverted",    "title",
                                                  "min_share",   "max_nodes",
                                                  "baseline",    "baseline_from",
                                                  "baseline_to", "width_of_baseline",
                                                  "keep",        "drop",
                                                  "hide",        "focus",
                                                  "until_frame", "max_depth"};

constexpr size_t kMaxNameBytes = 60;

absl::Status ReadNumber(const QueryString& query, std::string_view name, uint32_t* out) {
  const std::string_view text = query.Get(name);
  if (text.empty() || absl::SimpleAtoi(absl::string_view(text.data(), text.size()), out)) {
    return absl::OkStatus();
  }
  return InvalidArgument("{}={} in the URL is not a number: write 0 to {}", name, Shorten(text),
                         UINT32_MAX);
}

absl::Status ReadFlag(const QueryString& query, std::string_view name, bool* out) {
  const std::string_view text = query.Get(name);
  *out = query.Has(name) && text != "0" && text != "false";
  if (!*out || text.empty() || text == "1" || text == "true") return absl::OkStatus();
  return InvalidArgument("{}={} in the URL is neither 1 nor 0", name, Shorten(text));
}

absl::StatusOr<v1::RenderFormat> ReadFormat(const QueryString& query, v1::RenderFormat otherwise) {
  std::string_view name = query.Get("format");
  if (name.empty()) return otherwise;
  if (name == "collapsed") return v1::RENDER_FORMAT_FOLDED;
  if (name == "json") return v1::RENDER_FORMAT_FLAMEBEARER;
  const std::vector<std::string> names = RenderFormatNames();
  if (std::find(names.begin(), names.end(), name) != names.end()) return RenderFormatOf(name, "");
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
  return InvalidArgument("format={} in the URL is not known: use one of {}", Shorten(name), all);
}

// A time that stands for itself.
bool IsFixedTime(std::string_view text) { return !text.empty() && !text.starts_with("now"); }

absl::Status ReadRange(const QueryString& query, absl::Time now, RenderQuery* out) {
  constexpr absl::Duration kUsualRange = absl::Hours(1);
  const std::string_view to_text = query.Has("to") ? query.Get("to") : query.Get("until");
  const std::string_view from_text = query.Get("from");
  absl::Time to = now;
  if (!to_text.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(to, ParseUrlTime(to_text, now));
  }
  absl::Time from = to - kUsualRange;
  uint32_t seconds = 0;
  FLAMEKEEP_RETURN_IF_ERROR(ReadNumber(query, "seconds", &seconds));
  if (!from_text.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(from, ParseUrlTime(from_text, now));
  } else if (seconds > 0) {
    from = to - absl::Seconds(seconds);
  }
  out->fixed = IsFixedTime(to_text) && (from_text.empty() || IsFixedTime(from_text));
  v1::TimeRange* range = out->request.mutable_selection()->mutable_range();
  *range->mutable_begin() = ToProto(from);
  *range->mutable_end() = ToProto(to);
  return absl::OkStatus();
}

absl::Status ReadFilter(const QueryString& query, v1::FrameFilter* filter) {
  for (const std::string& text : query.All("keep")) SetMatcher(text, filter->add_keep());
  for (const std::string& text : query.All("drop")) SetMatcher(text, filter->add_drop());
  for (const std::string& text : query.All("hide")) SetMatcher(text, filter->add_hide());
  if (query.Has("focus")) SetMatcher(query.Get("focus"), filter->mutable_focus());
  if (query.Has("until_frame")) SetMatcher(query.Get("until_frame"), filter->mutable_until());
  uint32_t depth = 0;
  FLAMEKEEP_RETURN_IF_ERROR(ReadNumber(query, "max_depth", &depth));
  filter->set_max_depth(depth);
  return absl::OkStatus();
}

absl::Status ReadBaseline(const QueryString& query, absl::Time now, RenderQuery* out) {
  bool width = false;
  FLAMEKEEP_RETURN_IF_ERROR(ReadFlag(query, "width_of_baseline", &width));
  out->request.set_width_of_baseline(width);
  const std::string_view from = query.Get("baseline_from");
  const std::string_view to = query.Get("baseline_to");
  if (!query.Has("baseline") && from.empty() && to.empty()) return absl::OkStatus();
  v1::Selection* baseline = out->request.mutable_baseline();
  *baseline = out->request.selection();
  if (query.Has("baseline")) baseline->set_selector(std::string(query.Get("baseline")));
  for (const auto& [text, time] : {std::pair(from, baseline->mutable_range()->mutable_begin()),
                                   std::pair(to, baseline->mutable_range()->mutable_end())}) {
    if (text.empty()) continue;
    FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time parsed, ParseUrlTime(text, now));
    *time = ToProto(parsed);
    out->fixed = out->fixed && IsFixedTime(text);
  }
  return absl::OkStatus();
}

// As much of a text as may stand in a file's name.
std::string NamePart(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxNameBytes)) {
    out += absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-' ? c : '-';
  }
  return out;
}

}  // namespace

absl::StatusOr<absl::Time> ParseUrlTime(std::string_view text, absl::Time now) {
  constexpr size_t kMillisecondDigits = 13;
  int64_t milliseconds = 0;
  if (text.size() == kMillisecondDigits &&
      std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
      absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &milliseconds)) {
    return absl::FromUnixMillis(milliseconds);
  }
  return ParseTime(Shorten(text), now);
}

absl::StatusOr<RenderQuery> ParseRenderQuery(const QueryString& query, v1::RenderFormat format,
                                             absl::Time now) {
  FLAMEKEEP_RETURN_IF_ERROR(query.CheckNames(kRenderParameters));
  RenderQuery out;
  v1::RenderRequest& request = out.request;
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::RenderFormat wanted, ReadFormat(query, format));
  request.set_format(wanted);
  if (query.Get("query").empty()) {
    return InvalidArgument(
        "the URL has no query: write a selector such as ?query=excimer-wall{{site=\"eqiad\"}}");
  }
  request.mutable_selection()->set_selector(std::string(query.Get("query")));
  FLAMEKEEP_RETURN_IF_ERROR(ReadRange(query, now, &out));
  FLAMEKEEP_RETURN_IF_ERROR(ReadFilter(query, request.mutable_selection()->mutable_filter()));
  bool inverted = false;
  FLAMEKEEP_RETURN_IF_ERROR(ReadFlag(query, "inverted", &inverted));
  request.set_inverted(inverted);
  uint32_t max_nodes = 0;
  FLAMEKEEP_RETURN_IF_ERROR(ReadNumber(query, "max_nodes", &max_nodes));
  request.set_max_nodes(max_nodes);
  const std::string_view share = query.Get("min_share");
  double min_share = 0;
  if (!share.empty() &&
      !absl::SimpleAtod(absl::string_view(share.data(), share.size()), &min_share)) {
    return InvalidArgument("min_share={} in the URL is not a number: write 0 to 1", Shorten(share));
  }
  request.set_min_share(min_share);
  request.set_title(std::string(query.Get("title")));
  FLAMEKEEP_RETURN_IF_ERROR(ReadBaseline(query, now, &out));
  return out;
}

std::string RenderFileName(const v1::RenderRequest& request) {
  const auto time = [](const google::protobuf::Timestamp& at) {
    return absl::FormatTime("%Y-%m-%dT%H-%M", absl::FromUnixSeconds(at.seconds()),
                            absl::UTCTimeZone());
  };
  const v1::Selection& selection = request.selection();
  const std::string& selector = selection.selector();
  return fmt::format("{}_{}_{}{}{}",
                     NamePart(std::string_view(selector).substr(0, selector.find_first_of(":{"))),
                     time(selection.range().begin()), time(selection.range().end()),
                     request.has_baseline() ? "_diff" : "", RenderFormatEnding(request.format()));
}

}  // namespace flamekeep::server
