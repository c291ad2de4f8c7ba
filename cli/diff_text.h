// The difference of two selections for people and for programs: what `diff` prints.
//
// A table has the columns of what is compared (--by) and ends with a sentence; CSV and JSON lines
// have all numbers of both. Shares are from 0 to 1 there, and differences of shares from -1 to 1.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_CLI_DIFF_TEXT_H_
#define FLAMEKEEP_CLI_DIFF_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "base/output_format.h"
#include "cli/table_writer.h"
#include "flamekeep/v1/diff.pb.h"

namespace flamekeep::cli {

// The formats of a diff: those of tables, and "svg", which the server draws.
absl::Span<const OutputFormat> DiffFormats();

// The first `limit` functions; `width` as in TableLayout.
std::string DiffText(const v1::DiffResponse& diff, bool by_self, size_t limit, TableFormat format,
                     size_t width);

// Why there are no verdicts; empty where there are.
std::string NotEnoughDataText(const v1::DiffResponse& diff);

// What grew by more than `limit` beyond noise, as a sentence; empty where nothing did. REQUIRES:
// the functions are ordered by the same.
std::string GrowthAbove(const v1::DiffResponse& diff, bool by_self, double limit);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_DIFF_TEXT_H_
