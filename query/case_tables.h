// The views over functions in golden cases. A part of case_test.cc.
#ifndef FLAMEKEEP_QUERY_CASE_TABLES_H_
#define FLAMEKEEP_QUERY_CASE_TABLES_H_

#include <fmt/format.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"
#include "query/case_options.h"
#include "query/engine.h"

namespace flamekeep::query {

inline std::string CaseFrameText(const std::string& function, const std::string& file) {
  return file.empty() ? function : function + "@" + file;
}

inline absl::StatusOr<std::string> AnswerTop(const Engine& engine, const Selection& selection,
                                             const CaseOptions& options) {
  TopOptions asked = {.limit = CaseNumber(options, "limit"), .function = CaseFunction(options)};
  if (options.contains("by") && options.at("by") == "total") asked.by = FunctionOrder::kTotal;
  FLAMEKEEP_ASSIGN_OR_RETURN(const TopTable table, engine.MakeTop(selection, asked, Context()));
  std::string text =
      fmt::format("{} {} of {} samples{}, {} in what matches, {} functions, {} left out with {}\n",
                  table.coverage.total, table.coverage.unit, table.coverage.observations,
                  table.coverage.saturated ? " (saturated)" : "", table.matched_total,
                  table.rows.size(), table.rows_left_out, table.self_left_out);
  for (const FunctionRow& row : table.rows) {
    text += fmt::format("{} {} {}\n", row.self, row.total, CaseFrameText(row.function, row.file));
  }
  return text;
}

inline std::string CaseGraphText(const FlameGraph& graph) {
  std::string text;
  for (size_t i = 0; i < graph.size(); ++i) {
    text += fmt::format("{:{}}{} {} {}\n", "", 2 * graph.depth[i],
                        CaseFrameText(graph.names[graph.name[i]], graph.files[graph.file[i]]),
                        graph.total[i], graph.self[i]);
  }
  if (graph.cut_nodes != 0) {
    text += fmt::format("{} left out with {}\n", graph.cut_nodes, graph.cut_total);
  }
  return text;
}

inline absl::StatusOr<std::string> AnswerSandwich(const Engine& engine, const Selection& selection,
                                                  const CaseOptions& options) {
  const SandwichOptions asked = {.function = CaseFunction(options),
                                 .max_nodes = CaseNumber(options, "max_nodes")};
  FLAMEKEEP_ASSIGN_OR_RETURN(const Sandwich sandwich,
                             engine.MakeSandwich(selection, asked, Context()));
  return fmt::format("{} of {} {}, {} by itself\ncallers\n{}callees\n{}", sandwich.total,
                     sandwich.coverage.total, sandwich.coverage.unit, sandwich.self,
                     CaseGraphText(sandwich.callers), CaseGraphText(sandwich.callees));
}

inline absl::StatusOr<std::string> AnswerCompare(const Engine& engine, const Selection& selection,
                                                 const CaseOptions& options) {
  CompareOptions asked = {.function = CaseFunction(options), .limit = CaseNumber(options, "limit")};
  if (options.contains("by")) asked.label = options.at("by");
  FLAMEKEEP_ASSIGN_OR_RETURN(const Comparison comparison,
                             engine.Compare(selection, asked, Context()));
  std::string text = fmt::format(
      "{} {} of {} samples, {} values, {} left out with {} and {}\n", comparison.coverage.total,
      comparison.coverage.unit, comparison.coverage.observations, comparison.rows.size(),
      comparison.rows_left_out, comparison.total_left_out, comparison.function_total_left_out);
  for (const CompareRow& row : comparison.rows) {
    text += fmt::format("{} {} {} {}\n", row.observations, row.total, row.function_total,
                        row.value.empty() ? "-" : row.value);
  }
  return text;
}

inline bool IsTableCase(const std::string& command) {
  return command == "top" || command == "sandwich" || command == "compare";
}

// REQUIRES: IsTableCase(command).
inline absl::StatusOr<std::string> AnswerTableCase(const std::string& command, const Engine& engine,
                                                   const Selection& selection,
                                                   const CaseOptions& options) {
  if (command == "top") return AnswerTop(engine, selection, options);
  if (command == "sandwich") return AnswerSandwich(engine, selection, options);
  return AnswerCompare(engine, selection, options);
}

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_CASE_TABLES_H_
