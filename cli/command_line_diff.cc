#include <CLI/CLI.hpp>

#include "cli/diff_text.h"
#include "cli/help_text_diff.h"
#include "cli/options.h"
#include "cli/parser.h"

namespace flamekeep::cli {

void Parser::AddDiff() {
  constexpr uint32_t kMaxFunctions = 100'000;  // of the server
  CLI::App* diff =
      AddCommand(app_, "diff", "Show what changed from one selection to another", kDiffFooter);
  AddSelection(diff, diff_.selection);
  AddValue(diff, "--baseline-from", diff_.baseline_from, "TIME", "Begin of the baseline's range");
  AddValue(diff, "--baseline-to", diff_.baseline_to, "TIME", "Its end (default: that of --from)");
  AddValue(diff, "--baseline", diff_.baseline, "SELECTOR",
           "The baseline's selector (default: SELECTOR)");
  diff_.by = "total";
  OneOf(AddValue(diff, "--by", diff_.by, "COLUMN", "Compare this")->capture_default_str(),
        {"self", "total"});
  diff_.limit = 50;
  AddValue(diff, "--limit", diff_.limit, "N", "At most so many functions")
      ->capture_default_str()
      ->check(CLI::Range(uint32_t{1}, kMaxFunctions));
  AddShare(diff, "--fail-above", diff_.fail_above,
           "Exit code 3 where a function grew by more, beyond noise: 2%");
  OneOf(AddValue(diff, "--format", diff_.format, "FORMAT",
                 "By default what -o ends with (" + FormatEndings(DiffFormats()) +
                     "); of standard output table"),
        FormatNames(DiffFormats()));
  diff_.output = "-";
  AddValue(diff, "-o,--output", diff_.output, "FILE", "- is standard output")
      ->capture_default_str();
  AddValue(diff, "--title", diff_.title, "TEXT", "Title of an SVG");
  diff->add_flag("--width-of-baseline", diff_.width_of_baseline,
                 "Boxes of an SVG are as wide as in the baseline");
  commands_.emplace_back(diff, [this] { return diff_; });
}

}  // namespace flamekeep::cli
