// The commands that show samples over time, and what can be asked for.
#include <CLI/CLI.hpp>

#include "cli/help_text.h"
#include "cli/options.h"
#include "cli/parser.h"
#include "cli/table_writer.h"

namespace flamekeep::cli {

void Parser::AddSeries() {
  CLI::App* series =
      AddCommand(app_, "series", "Show samples, or a function's, over time", kSeriesFooter);
  AddSelection(series, series_.selection);
  AddValue(series, "--step", series_.step, "STEP",
           "Length of a point: 5m, 1h, 1d, 1w, 1mo, 1y; by default as the range allows");
  AddFunction(series, "--function", series_.function,
              "What functions that match, or file:REGEX, have of the samples");
  AddValue(series, "--by", series_.by, "LABELS",
           "A group for each value of these labels, or of site: site,entry_point")
      ->delimiter(',');
  AddValue(series, "--max-groups", series_.max_groups, "N",
           "Show so many groups, the largest (20); the others are summed up");
  OneOf(AddValue(series, "--format", series_.format, "FORMAT", "By default a table"),
        TableFormatNames());
  commands_.emplace_back(series, [this] { return series_; });
}

void Parser::AddHeatMap() {
  CLI::App* map =
      AddCommand(app_, "heatmap", "Show samples, or a function's, by day and hour", kHeatMapFooter);
  AddSelection(map, heat_map_.selection);
  AddFunction(map, "--function", heat_map_.function,
              "What functions that match, or file:REGEX, have of the samples");
  OneOf(AddValue(map, "--format", heat_map_.format, "FORMAT",
                 "By default a map on a terminal, and CSV in a pipe"),
        {"map", "table", "csv", "jsonl"});
  commands_.emplace_back(map, [this] { return heat_map_; });
}

void Parser::AddLabels() {
  CLI::App* labels =
      AddCommand(app_, "labels", "List the labels of series, or the values of one", kLabelsFooter);
  AddValue(labels, "NAME", labels_.name, "NAME", "Of this label, or of site, the values");
  AddValue(labels, "--selector", labels_.selector, "SELECTOR", "Only of series that match");
  OneOf(AddValue(labels, "--format", labels_.format, "FORMAT", "By default a table"),
        TableFormatNames());
  AddServer(labels, labels_.server);
  commands_.emplace_back(labels, [this] { return labels_; });
}

void Parser::AddTypes() {
  CLI::App* types = AddCommand(app_, "types", "List the profile types", kTypesFooter);
  AddValue(types, "--selector", types_.selector, "SELECTOR", "Only of series that match");
  OneOf(AddValue(types, "--format", types_.format, "FORMAT", "By default a table"),
        TableFormatNames());
  AddServer(types, types_.server);
  commands_.emplace_back(types, [this] { return types_; });
}

}  // namespace flamekeep::cli
