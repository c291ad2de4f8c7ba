#include "cli/selection.h"

#include <google/protobuf/util/time_util.h>

#include <utility>

#include "base/status.h"
#include "base/time_parse.h"
#include "cli/progress.h"
#include "cli/terminal_text.h"
#include "server/matcher_text.h"

namespace flamekeep::cli {
namespace {

google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

}  // namespace

absl::Status SetFunctionMatcher(const FunctionOptions& options, v1::FunctionMatcher* function) {
  v1::FrameMatcher matcher;
  server::SetMatcher(options.function, &matcher);
  if (!options.file.empty()) {
    if (!matcher.file().empty()) {
      return InvalidArgument(
          "the file is named twice, as {} and with --file: leave out one of them",
          options.function);
    }
    matcher.set_file(options.file);
  }
  if (options.exact) {
    function->set_function(matcher.function());
    function->set_file(matcher.file());
  } else {
    *function->mutable_matcher() = std::move(matcher);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Selection> SelectionOf(const SelectionOptions& options, absl::Time now) {
  FLAMEKEEP_ASSIGN_OR_RETURN(v1::Selection selection,
                             SelectionOf(options.selector, options.from, options.to, now));
  v1::FrameFilter* filter = selection.mutable_filter();
  for (const std::string& text : options.keep) server::SetMatcher(text, filter->add_keep());
  for (const std::string& text : options.drop) server::SetMatcher(text, filter->add_drop());
  for (const std::string& text : options.hide) server::SetMatcher(text, filter->add_hide());
  if (!options.focus.empty()) server::SetMatcher(options.focus, filter->mutable_focus());
  if (!options.until.empty()) server::SetMatcher(options.until, filter->mutable_until());
  filter->set_max_depth(options.max_depth);
  return selection;
}

absl::StatusOr<v1::Selection> SelectionOf(const std::string& selector, const std::string& from_text,
                                          const std::string& to_text, absl::Time now) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time from, ParseTime(from_text, now));
  FLAMEKEEP_ASSIGN_OR_RETURN(const absl::Time to, ParseTime(to_text, now));
  if (from == to) {
    return InvalidArgument("the range is empty: --from and --to are both {}", TimeText(from));
  }
  if (from > to) {
    return InvalidArgument("the range is upside down: --from {} is later than --to {}",
                           TimeText(from), TimeText(to));
  }
  v1::Selection selection;
  selection.set_selector(selector);
  *selection.mutable_range()->mutable_begin() = ToProto(from);
  *selection.mutable_range()->mutable_end() = ToProto(to);
  return selection;
}

std::string RangeText(const v1::TimeRange& range) {
  const auto text = [](const google::protobuf::Timestamp& time) {
    return TimeText(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()));
  };
  return fmt::format("{} to {}", text(range.begin()), text(range.end()));
}

std::string WholeText(const v1::Coverage& coverage) {
  const bool counts = coverage.unit().empty() || coverage.unit() == "count";
  return fmt::format("{} {} in {}", CountText(coverage.total()),
                     counts ? "samples" : TerminalText(coverage.unit()),
                     RangeText(coverage.covered()));
}

}  // namespace flamekeep::cli
