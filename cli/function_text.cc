#include "cli/function_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/progress.h"
#include "cli/selection.h"
#include "cli/terminal_text.h"

namespace flamekeep::cli {
namespace {

constexpr CellStyle kNumberCell = CellStyle::kNumber;
constexpr CellStyle kShareCell = CellStyle::kShare;
constexpr std::string_view kNoValue = "(none)";

std::string TablePercent(double share) { return fmt::format("{:.2f}%", share * 100); }

double TablePart(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string WholeOfTable(const v1::Coverage& coverage) { return "of " + WholeText(coverage); }

// Files are shown where there are any.
template <typename Rows>
bool AnyHasFile(const Rows& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return !row.file().empty(); });
}

template <typename Response>
std::string FunctionRowsText(const Response& answer, bool by_total, const AnswerStyle& style) {
  std::vector<TableColumn> columns = {{"self", kNumberCell},
                                      {"self_share", kShareCell, "share"},
                                      {"total", kNumberCell},
                                      {"total_share", kShareCell, "share"},
                                      {"function"}};
  const bool with_files = style.format != TableFormat::kTable || AnyHasFile(answer.rows());
  if (with_files) columns.push_back({"file"});
  TableWriter writer(std::move(columns));
  for (const v1::FunctionRow& row : answer.rows()) {
    std::vector<TableCell> cells = {row.self(), row.self_share(), row.total(), row.total_share(),
                                    row.function()};
    if (with_files) cells.emplace_back(row.file());
    writer.AddRow(std::move(cells));
  }
  return writer.Text(style.format, {.width = style.width, .bar_of = by_total ? 3 : 1});
}

template <typename Response>
std::string FunctionsLeftOutText(const Response& answer) {
  if (answer.rows_left_out() == 0) return "";
  return fmt::format("; {} more {}, with {} ({}) by themselves", CountText(answer.rows_left_out()),
                     answer.rows_left_out() == 1 ? "function" : "functions",
                     CountText(answer.self_left_out()),
                     TablePercent(TablePart(answer.self_left_out(), answer.coverage().total())));
}

TableWriter NewSandwichTable(bool with_side) {
  std::vector<TableColumn> columns;
  if (with_side) columns = {{"side"}, {"depth", kNumberCell}};
  columns.insert(columns.end(), {{"total", kNumberCell},
                                 {"total_share", kShareCell, "share"},
                                 {"self", kNumberCell},
                                 {"function"}});
  if (with_side) columns.push_back({"file"});
  return TableWriter(std::move(columns));
}

// The boxes of a graph but the root, as rows. `side` is empty for people: they see the depth.
void AddSandwichBoxes(const v1::FlameGraphResponse& graph, const std::string& side, uint64_t whole,
                      TableWriter* writer) {
  for (int i = 1; i < graph.total_size(); ++i) {
    const std::string& function = graph.names(static_cast<int>(graph.name(i)));
    const std::string& file = graph.files(static_cast<int>(graph.file(i)));
    const uint64_t total = graph.total(i);
    if (!side.empty()) {
      writer->AddRow({side, uint64_t{graph.depth(i)}, total, TablePart(total, whole), graph.self(i),
                      function, file});
      continue;
    }
    std::string name(2 * (size_t{graph.depth(i)} - 1), ' ');
    name += function;
    if (!file.empty()) name += " (" + file + ")";
    writer->AddRow({total, TablePart(total, whole), graph.self(i), std::move(name)});
  }
}

std::string SandwichTreeText(const v1::FlameGraphResponse& graph, uint64_t whole,
                             const AnswerStyle& style) {
  TableWriter writer = NewSandwichTable(/*with_side=*/false);
  AddSandwichBoxes(graph, "", whole, &writer);
  std::string text = writer.Text(style.format, {.width = style.width});
  if (graph.cut_nodes() > 0) {
    text += fmt::format("  and {} more, with {} ({})\n", CountText(graph.cut_nodes()),
                        CountText(graph.cut_total()),
                        TablePercent(TablePart(graph.cut_total(), whole)));
  }
  return text;
}

}  // namespace

AnswerStyle StyleOfAnswer(std::string_view format) {
  return {.format = TableFormatNamed(format), .width = OutputColumns()};
}

v1::FunctionOrder OrderNamed(std::string_view name) {
  return name == "total" ? v1::FUNCTION_ORDER_TOTAL : v1::FUNCTION_ORDER_SELF;
}

std::string TopText(const v1::TopResponse& top, bool by_total, const AnswerStyle& style) {
  std::string text = FunctionRowsText(top, by_total, style);
  if (style.format != TableFormat::kTable) return text;
  const int rows = top.rows_size();
  return text + fmt::format("\n{} {} {}{}\n", CountText(static_cast<uint64_t>(rows)),
                            rows == 1 ? "function" : "functions", WholeOfTable(top.coverage()),
                            FunctionsLeftOutText(top));
}

std::string SearchText(const v1::SearchResponse& search, bool by_total, const AnswerStyle& style) {
  std::string text = FunctionRowsText(search, by_total, style);
  if (style.format != TableFormat::kTable) return text;
  const uint64_t found = static_cast<uint64_t>(search.rows_size()) + search.rows_left_out();
  return text + fmt::format("\n{} {} match; {} ({}) {} hold any{}\n", CountText(found),
                            found == 1 ? "function" : "functions",
                            CountText(search.matched_total()), TablePercent(search.matched_share()),
                            WholeOfTable(search.coverage()), FunctionsLeftOutText(search));
}

std::string SandwichText(const v1::SandwichResponse& sandwich, const std::string& function,
                         const AnswerStyle& style) {
  const uint64_t whole = sandwich.coverage().total();
  if (style.format != TableFormat::kTable) {
    TableWriter writer = NewSandwichTable(/*with_side=*/true);
    AddSandwichBoxes(sandwich.callers(), "callers", whole, &writer);
    AddSandwichBoxes(sandwich.callees(), "callees", whole, &writer);
    return writer.Text(style.format, {.width = style.width});
  }
  std::string text = fmt::format("{}: {} ({}) {}, {} ({}) by itself\n", TerminalText(function),
                                 CountText(sandwich.total()), TablePercent(sandwich.total_share()),
                                 WholeOfTable(sandwich.coverage()), CountText(sandwich.self()),
                                 TablePercent(sandwich.self_share()));
  if (sandwich.total() == 0) return text;
  text += "\nWho calls it:\n" + SandwichTreeText(sandwich.callers(), whole, style);
  text += "\nWhat it calls:\n" + SandwichTreeText(sandwich.callees(), whole, style);
  return text;
}

uint64_t MatchingFunctions(const v1::SandwichResponse& sandwich) {
  const auto& depths = sandwich.callees().depth();
  return static_cast<uint64_t>(std::count(depths.begin(), depths.end(), 1u));
}

std::string CompareText(const v1::CompareResponse& comparison, const std::string& label,
                        bool of_function, const AnswerStyle& style) {
  const bool is_table = style.format == TableFormat::kTable;
  std::vector<TableColumn> columns = {{.name = "value", .head = TerminalText(label)},
                                      {"observations", kNumberCell, "samples"},
                                      {"total", kNumberCell},
                                      {"total_share", kShareCell, "share"}};
  if (of_function) {
    columns.push_back({"function_total", kNumberCell, "function"});
    columns.push_back({"function_share", kShareCell, "its share"});
  }
  TableWriter writer(std::move(columns));
  for (const v1::CompareResponse::Row& row : comparison.rows()) {
    std::vector<TableCell> cells = {
        is_table && row.value().empty() ? std::string(kNoValue) : row.value(), row.observations(),
        row.total(), row.total_share()};
    if (of_function) {
      cells.emplace_back(row.function_total());
      cells.emplace_back(row.function_share());
    }
    writer.AddRow(std::move(cells));
  }
  std::string text =
      writer.Text(style.format, {.width = style.width, .bar_of = of_function ? 5 : 3});
  if (!is_table) return text;
  const int rows = comparison.rows_size();
  text += fmt::format("\n{} {} {}", CountText(static_cast<uint64_t>(rows)),
                      rows == 1 ? "value" : "values", WholeOfTable(comparison.coverage()));
  if (comparison.rows_left_out() > 0) {
    text += fmt::format("; {} more, with {}", CountText(comparison.rows_left_out()),
                        CountText(comparison.total_left_out()));
  }
  return text + "\n";
}

}  // namespace flamekeep::cli
