// Answers about functions, for people and for programs: what `top`, `search`, `sandwich` and
// `compare` print.
//
// A table is followed by a sentence on what it stands on; CSV and JSON lines are rows alone.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_FUNCTION_TEXT_H_
#define FLAMEKEEP_CLI_FUNCTION_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/table_writer.h"
#include "flamekeep/v1/tables.pb.h"

namespace flamekeep::cli {

// How an answer is written: `width` as in TableLayout.
struct AnswerStyle {
  TableFormat format = TableFormat::kTable;
  size_t width = 0;
};

// By the name of a format (see TableFormatNamed) and what standard output is.
AnswerStyle StyleOfAnswer(std::string_view format);

// The value of --by.
v1::FunctionOrder OrderNamed(std::string_view name);

std::string TopText(const v1::TopResponse& top, bool by_total, const AnswerStyle& style);
std::string SearchText(const v1::SearchResponse& search, bool by_total, const AnswerStyle& style);
// `function`: as it was asked for.
std::string SandwichText(const v1::SandwichResponse& sandwich, const std::string& function,
                         const AnswerStyle& style);
// How many functions match, as far as they are shown.
uint64_t MatchingFunctions(const v1::SandwichResponse& sandwich);
// `label`, and whether it was about a function.
std::string CompareText(const v1::CompareResponse& comparison, const std::string& label,
                        bool of_function, const AnswerStyle& style);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_FUNCTION_TEXT_H_
