#include "query/frame_filter.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::query {
namespace {

// Of one expression; RE2 refuses what needs more.
constexpr int64_t kMaxExpressionMemory = int64_t{1} << 20;

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileExpression(const std::string& expression,
                                                                  std::string_view name) {
  if (expression.empty()) return nullptr;
  if (expression.size() > kMaxFrameExpressionBytes) {
    return InvalidArgument("`{}` has an expression of {} bytes: at most {} are allowed", name,
                           expression.size(), kMaxFrameExpressionBytes);
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxExpressionMemory);
  auto compiled = std::make_shared<re2::RE2>(expression, options);
  if (!compiled->ok()) {
    return InvalidArgument("`{}` has \"{}\", which is no RE2 expression: {}", name, expression,
                           compiled->error());
  }
  return compiled;
}

void AddMatcherText(std::string_view name, const FrameMatcher& matcher, std::string* text) {
  if (matcher.empty()) return;
  *text += fmt::format("{}:{}:{}:{}:{};", name, matcher.function.size(), matcher.function,
                       matcher.file.size(), matcher.file);
}

void SortOut(std::vector<FrameMatcher>* matchers) {
  std::sort(matchers->begin(), matchers->end());
  matchers->erase(std::unique(matchers->begin(), matchers->end()), matchers->end());
}

}  // namespace

FrameFilter Normalized(FrameFilter filter) {
  SortOut(&filter.keep);
  SortOut(&filter.drop);
  SortOut(&filter.hide);
  return filter;
}

std::string FilterName(const FrameFilter& filter) {
  std::string text;
  for (const FrameMatcher& matcher : filter.keep) AddMatcherText("keep", matcher, &text);
  for (const FrameMatcher& matcher : filter.drop) AddMatcherText("drop", matcher, &text);
  AddMatcherText("focus", filter.focus, &text);
  AddMatcherText("until", filter.until, &text);
  for (const FrameMatcher& matcher : filter.hide) AddMatcherText("hide", matcher, &text);
  if (filter.max_depth != 0) text += fmt::format("depth:{};", filter.max_depth);
  return text;
}

FrameMatcher ExactMatcher(std::string_view function, std::string_view file) {
  const auto exactly = [](std::string_view name) {
    return name.empty() ? "" : fmt::format("\\A{}\\z", re2::RE2::QuoteMeta(name));
  };
  return {.function = exactly(function), .file = exactly(file)};
}

absl::Status CheckMatcher(const FrameMatcher& matcher, std::string_view name) {
  if (matcher.empty()) {
    return InvalidArgument(
        "`{}` has a matcher without an expression: give one for the function or "
        "the file",
        name);
  }
  FLAMEKEEP_RETURN_IF_ERROR(CompileExpression(matcher.function, name).status());
  return CompileExpression(matcher.file, name).status();
}

absl::StatusOr<CompiledFilter> CompiledFilter::Compile(FrameFilter filter) {
  if (filter.keep.size() > kMaxKeeps) {
    return InvalidArgument(
        "`keep` is given {} times: at most {} are allowed, join some with \"|\" in one expression",
        filter.keep.size(), kMaxKeeps);
  }
  if (filter.drop.size() + filter.hide.size() > kMaxFrameMatchers) {
    return InvalidArgument(
        "`drop` and `hide` are given {} times: at most {} are allowed, join some with \"|\" in one "
        "expression",
        filter.drop.size() + filter.hide.size(), kMaxFrameMatchers);
  }
  if (filter.max_depth > kMaxFilterDepth) {
    return InvalidArgument("`max_depth` is {}: at most {} can be asked for", filter.max_depth,
                           kMaxFilterDepth);
  }
  CompiledFilter compiled;
  for (size_t i = 0; i < filter.keep.size(); ++i) {
    FLAMEKEEP_RETURN_IF_ERROR(
        compiled.Add(filter.keep[i], "keep", static_cast<FrameFlags>(1u << i)));
  }
  for (const FrameMatcher& matcher : filter.drop) {
    FLAMEKEEP_RETURN_IF_ERROR(compiled.Add(matcher, "drop", kFlagDrop));
  }
  if (!filter.focus.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(compiled.Add(filter.focus, "focus", kFlagFocus));
  }
  if (!filter.until.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(compiled.Add(filter.until, "until", kFlagUntil));
  }
  for (const FrameMatcher& matcher : filter.hide) {
    FLAMEKEEP_RETURN_IF_ERROR(compiled.Add(matcher, "hide", kFlagHide));
  }
  compiled.filter_ = std::move(filter);
  return compiled;
}

absl::Status CompiledFilter::Add(const FrameMatcher& matcher, std::string_view name,
                                 FrameFlags flag) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckMatcher(matcher, name));
  Expression expression{.flag = flag};
  FLAMEKEEP_ASSIGN_OR_RETURN(expression.function, CompileExpression(matcher.function, name));
  FLAMEKEEP_ASSIGN_OR_RETURN(expression.file, CompileExpression(matcher.file, name));
  expressions_.push_back(std::move(expression));
  return absl::OkStatus();
}

FrameFlags CompiledFilter::Flags(const storage::Frame& frame) const {
  FrameFlags flags = 0;
  for (const Expression& expression : expressions_) {
    if ((flags & expression.flag) != 0) continue;
    if (expression.function != nullptr &&
        !re2::RE2::PartialMatch(frame.function, *expression.function)) {
      continue;
    }
    if (expression.file != nullptr && !re2::RE2::PartialMatch(frame.file, *expression.file)) {
      continue;
    }
    flags |= expression.flag;
  }
  return flags;
}

}  // namespace flamekeep::query
