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

// The same wherever a function is named.
void Parser::AddFunction(CLI::App* command, const std::string& names, FunctionOptions& function,
                         const std::string& description) {
  CLI::Option* name = AddValue(command, names, function.function, "REGEX", description);
  if (name->get_positional()) name->required();
  AddValue(command, "--file", function.file, "REGEX", "Only such functions in such files")
      ->needs(name);
  command
      ->add_flag("--exact", function.exact,
                 "The names of function and file are whole names, not expressions")
      ->needs(name);
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
                 "By default what -o ends with (" + FormatEndings(server::RenderFormats()) +
                     "); of standard output folded"),
        FormatNames(server::RenderFormats()));
  query_.output = "-";
  AddValue(query, "-o,--output", query_.output, "FILE", "- is standard output")
      ->capture_default_str();
  query->add_flag("--inverted", query_.inverted, "Leaf functions at the root: who calls them");
  AddValue(query, "--title", query_.title, "TEXT", "Title of the drawing or profile");
  AddShare(query, "--min-share", query_.min_share,
           "Leave out boxes of a drawing below this share of the whole: 0.5% (of an SVG: half a "
           "pixel)");
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
