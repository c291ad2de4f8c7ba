#include <CLI/CLI.hpp>

#include "cli/help_text.h"
#include "cli/options.h"
#include "cli/parser.h"

namespace flamekeep::cli {

void Parser::AddExport() {
  CLI::App* command =
      AddCommand(app_, "export", "Write raw samples for other systems", kExportFooter);
  AddSelection(command, export_.selection);
  AddValue(command, "-o,--output", export_.output, "PATH",
           "A directory for jsonl, a file for folded and pprof")
      ->required();
  export_.format = "jsonl";
  OneOf(AddValue(command, "--format", export_.format, "FORMAT", "What to write")
            ->capture_default_str(),
        {"jsonl", "folded", "pprof"});
  OneOf(AddValue(command, "--level", export_.level, "LEVEL",
                 "jsonl: the finest buckets that are wanted (default: hour)"),
        {"minute", "hour", "day"});
  OneOf(AddValue(command, "--compress", export_.compress, "HOW",
                 "Default: zst of jsonl; of folded what --output ends like"),
        {"zst", "gz", "none"});
  export_.stacks = "array";
  OneOf(AddValue(command, "--stacks", export_.stacks, "FORM",
                 "jsonl: a stack as an array, or as text with ; between frames")
            ->capture_default_str(),
        {"array", "text"});
  command->add_flag("-q,--quiet", export_.quiet, "No progress");
  commands_.emplace_back(command, [this] { return export_; });
}

}  // namespace flamekeep::cli
