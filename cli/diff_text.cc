#include "cli/diff_text.h"

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

using Compared = v1::DiffResponse::Compared;
using Function = v1::DiffResponse::Function;

// For programs, and for people.
std::string_view VerdictName(v1::DiffVerdict verdict, bool for_people) {
  switch (verdict) {
    case v1::DIFF_VERDICT_BEYOND_NOISE:
      return for_people ? "beyond noise" : "beyond_noise";
    case v1::DIFF_VERDICT_WITHIN_NOISE:
      return for_people ? "noise" : "within_noise";
    case v1::DIFF_VERDICT_NOT_ENOUGH_DATA:
      return for_people ? "too few" : "not_enough_data";
    default:
      return "unknown";
  }
}

const Compared& Asked(const Function& function, bool by_self) {
  return by_self ? function.self() : function.total();
}

std::string PointsText(double difference) { return fmt::format("{:+.2f}", 100 * difference); }

void AddComparedColumns(std::string_view name, std::vector<TableColumn>* columns) {
  constexpr std::string_view kNumbers[] = {
      "baseline_{}",       "{}",        "baseline_{}_share", "{}_share", "{}_difference",
      "{}_standard_error", "{}_p_value"};
  for (const std::string_view number : kNumbers) {
    columns->push_back({fmt::format(fmt::runtime(number), name), CellStyle::kNumber});
  }
  columns->push_back({fmt::format("{}_verdict", name)});
}

void AddComparedCells(const Compared& compared, std::vector<TableCell>* row) {
  row->insert(row->end(), {compared.baseline(), compared.selection(), compared.baseline_share(),
                           compared.selection_share(), compared.difference()});
  // Without a test there is neither.
  if (compared.verdict() == v1::DIFF_VERDICT_NOT_ENOUGH_DATA) {
    row->insert(row->end(), {std::monostate(), std::monostate()});
  } else {
    row->insert(row->end(), {compared.standard_error(), compared.p_value()});
  }
  row->emplace_back(std::string(VerdictName(compared.verdict(), /*for_people=*/false)));
}

std::string RowsForPrograms(const v1::DiffResponse& diff, size_t count, TableFormat format,
                            size_t width) {
  std::vector<TableColumn> columns = {{"function"}, {"file"}};
  AddComparedColumns("total", &columns);
  AddComparedColumns("self", &columns);
  TableWriter writer(std::move(columns));
  for (size_t i = 0; i < count; ++i) {
    const Function& function = diff.functions(static_cast<int>(i));
    std::vector<TableCell> row = {function.function(), function.file()};
    AddComparedCells(function.total(), &row);
    AddComparedCells(function.self(), &row);
    writer.AddRow(std::move(row));
  }
  return writer.Text(format, {.width = width});
}

std::string TableForPeople(const v1::DiffResponse& diff, bool by_self, size_t count, size_t width) {
  const bool with_files =
      std::any_of(diff.functions().begin(), diff.functions().end(),
                  [](const Function& function) { return !function.file().empty(); });
  std::vector<TableColumn> columns = {{"baseline", CellStyle::kShare},
                                      {"now", CellStyle::kShare},
                                      {"points", CellStyle::kNumber},
                                      {"p", CellStyle::kNumber},
                                      {"verdict"},
                                      {"function"}};
  if (with_files) columns.push_back({"file"});
  TableWriter writer(std::move(columns));
  for (size_t i = 0; i < count; ++i) {
    const Function& function = diff.functions(static_cast<int>(i));
    const Compared& compared = Asked(function, by_self);
    const bool tested = compared.verdict() != v1::DIFF_VERDICT_NOT_ENOUGH_DATA;
    std::vector<TableCell> row = {
        compared.baseline_share(),
        compared.selection_share(),
        PointsText(compared.difference()),
        tested ? TableCell(fmt::format("{:.2g}", compared.p_value())) : TableCell(),
        std::string(VerdictName(compared.verdict(), /*for_people=*/true)),
        function.function()};
    if (with_files) row.emplace_back(function.file());
    writer.AddRow(std::move(row));
  }
  return writer.Text(TableFormat::kTable, {.width = width});
}

}  // namespace

absl::Span<const OutputFormat> DiffFormats() {
  static const auto& formats = *new std::vector<OutputFormat>{
      {"table", {".txt"}}, {"csv", {".csv"}}, {"jsonl", {".jsonl"}}, {"svg", {".svg"}}};
  return formats;
}

std::string DiffText(const v1::DiffResponse& diff, bool by_self, size_t limit, TableFormat format,
                     size_t width) {
  const size_t count = std::min(limit, static_cast<size_t>(diff.functions_size()));
  if (format != TableFormat::kTable) return RowsForPrograms(diff, count, format, width);
  return fmt::format("{}\n{} of {} functions beyond noise{}\nbaseline: {}\nnow:      {}\n",
                     TableForPeople(diff, by_self, count, width), CountText(diff.beyond_noise()),
                     CountText(diff.function_count()),
                     count < diff.function_count()
                         ? fmt::format("; {} not shown", CountText(diff.function_count() - count))
                         : "",
                     WholeText(diff.baseline()), WholeText(diff.coverage()));
}

std::string NotEnoughDataText(const v1::DiffResponse& diff) {
  constexpr uint32_t kLeastBuckets = 5;
  if (diff.baseline_buckets() >= kLeastBuckets && diff.buckets() >= kLeastBuckets) return "";
  return fmt::format(
      "not enough data to tell differences from noise: {} buckets of the baseline and {} of the "
      "selection hold samples, {} of both are needed: take longer ranges",
      diff.baseline_buckets(), diff.buckets(), kLeastBuckets);
}

std::string GrowthAbove(const v1::DiffResponse& diff, bool by_self, double limit) {
  for (const Function& function : diff.functions()) {
    const Compared& compared = Asked(function, by_self);
    if (compared.verdict() != v1::DIFF_VERDICT_BEYOND_NOISE) break;
    if (compared.difference() <= limit) continue;
    return fmt::format("{} grew by {:.2f} points, from {:.2f}% to {:.2f}%: more than {:g}",
                       TerminalText(function.function()), 100 * compared.difference(),
                       100 * compared.baseline_share(), 100 * compared.selection_share(),
                       100 * limit);
  }
  return "";
}

}  // namespace flamekeep::cli
