// Options of a query in golden cases. A part of case_test.cc.
#ifndef FLAMEKEEP_QUERY_CASE_OPTIONS_H_
#define FLAMEKEEP_QUERY_CASE_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>

#include "query/frame_filter.h"

namespace flamekeep::query {

// "name=value" options of a command.
using CaseOptions = std::map<std::string, std::string>;

// REGEX or file:REGEX.
inline FrameMatcher CaseMatcher(const std::string& text) {
  return text.starts_with("file:") ? FrameMatcher{"", text.substr(5)} : FrameMatcher{text, ""};
}

// function=, file= and exact= of a view over functions; empty where there is no function.
inline FrameMatcher CaseFunction(const CaseOptions& options) {
  if (!options.contains("function")) return {};
  FrameMatcher matcher = CaseMatcher(options.at("function"));
  if (options.contains("file")) matcher.file = options.at("file");
  return options.contains("exact") ? ExactMatcher(matcher.function, matcher.file) : matcher;
}

inline uint32_t CaseNumber(const CaseOptions& options, const std::string& name) {
  return options.contains(name) ? static_cast<uint32_t>(std::stoul(options.at(name))) : 0;
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CASE_OPTIONS_H_
