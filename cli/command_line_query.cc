#include <CLI/CLI.hpp>

#include "cli/help_text.h"
#include "cli/options.h"
#include "cli/parser.h"
#include "server/render_format.h"

namespace flamekeep::cli {

// What, when, and which frames of it.
void Parser::AddSelection(CLI::App* command, SelectionOptions& selection) {
  AddValue(command, "SELECTOR", selection.selector, "SELECTOR",
           "A profile type and label matchers: excimer-wall{site=\"eqiad\"}")
      ->required();
  AddValue(command, "--from", selection.from, "TIME", "Begin of the range")->required();
  selection.to = "now";
  AddValue(command, "--to", selection.to, "TIME", "End of the range, not included")
      ->capture_default_str();
  AddValue(command, "--keep", selection.keep, "REGEX",
           "Only stacks with such a function, or file:REGEX; may be repeated: with each of them");
  AddValue(command, "--drop", selection.drop, "REGEX", "No stacks with such a frame; repeats");
  AddValue(command, "--focus", selection.focus, "REGEX",
           "Only stacks with such a frame, from the first one on");
  AddValue(command, "--until", selection.until, "REGEX",
           "Only stacks with such a frame, up to the first one");
  AddValue(command, "--hide", selection.hide, "REGEX",
           "Leave such frames out: what they do counts for their caller; repeats");
  AddValue(command, "--max-depth", selection.max_depth, "N",
           "Frames below this depth count for the one above");
  AddServer(command, selection.server);
}

void Parser::AddQueries() {
  AddQuery();
  AddTables();
  AddDiff();
  AddSeries();
  AddHeatMap();
  AddExplain();
  AddLabels();
  AddTypes();
  AddExport();
}

void Parser::AddQuery() {
  CLI::App* query = AddCommand(app_, "query", "Write the flame graph of a selection", kQueryFooter);
  AddSelection(query, query_.selection);
  OneOf(AddValue(query, "--format", query_.format, "FORMAT",
                 "By default what -o ends like (.svg .pb.gz .speedscope.json ...), else folded"),
        server::RenderFormatNames());
  query_.output = "-";
  AddValue(query, "-o,--output", query_.output, "FILE", "- is standard output")
      ->capture_default_str();
  query->add_flag("--inverted", query_.inverted, "Leaf functions at the root: who calls them");
  AddValue(query, "--title", query_.title, "TEXT", "Title of the drawing or profile");
  AddValue(query, "--min-share", query_.min_share, "SHARE",
           "Leave out boxes of a drawing below this share of the whole (0 to 1; of an SVG: half a "
           "pixel)")
      ->check(CLI::Range(0.0, 1.0));
  AddValue(query, "--max-nodes", query_.max_nodes, "N",
           "Draw the widest N boxes at most (default: 100,000)");
  commands_.emplace_back(query, [this] { return query_; });
}

void Parser::AddExplain() {
  CLI::App* explain =
      AddCommand(app_, "explain", "Show what a query would read, and why", kExplainFooter);
  AddSelection(explain, explain_.selection);
  commands_.emplace_back(explain, [this] { return explain_; });
}

}  // namespace flamekeep::cli
