#include <CLI/CLI.hpp>

#include "cli/help_text_tables.h"
#include "cli/options.h"
#include "cli/parser.h"
#include "cli/table_writer.h"

namespace flamekeep::cli {
namespace {

constexpr uint32_t kMaxRows = 100'000;  // of the server

}  // namespace

void Parser::AddFormat(CLI::App* command, std::string& format) {
  format = "table";
  OneOf(AddValue(command, "--format", format, "FORMAT", "How to print rows")->capture_default_str(),
        TableFormatNames());
}

void Parser::AddLimit(CLI::App* command, uint32_t& limit) {
  limit = 100;
  AddValue(command, "--limit", limit, "N", "At most so many rows")
      ->capture_default_str()
      ->check(CLI::Range(uint32_t{1}, kMaxRows));
}

void Parser::AddOrder(CLI::App* command, std::string& by, const std::string& usual) {
  by = usual;
  OneOf(AddValue(command, "--by", by, "COLUMN", "Sort by this")->capture_default_str(),
        {"self", "total"});
}

void Parser::AddTables() {
  CLI::App* top = AddCommand(app_, "top", "Show the functions that took most", kTopFooter);
  AddSelection(top, top_.selection);
  AddOrder(top, top_.by, "self");
  AddLimit(top, top_.limit);
  AddFunction(top, "--function", top_.function, "Only such functions, or file:REGEX");
  AddShare(top, "--fail-above", top_.fail_above,
           "Exit code 3 where a function that is shown has more: 2%");
  AddFormat(top, top_.format);
  commands_.emplace_back(top, [this] { return top_; });

  CLI::App* search =
      AddCommand(app_, "search", "Find functions by name, with what they took", kSearchFooter);
  AddFunction(search, "FUNCTION", search_.function,
              "An expression that names match, or file:REGEX");
  AddSelection(search, search_.selection);
  AddOrder(search, search_.by, "total");
  AddLimit(search, search_.limit);
  AddFormat(search, search_.format);
  commands_.emplace_back(search, [this] { return search_; });

  CLI::App* sandwich =
      AddCommand(app_, "sandwich", "Show who calls a function, and what it calls", kSandwichFooter);
  AddFunction(sandwich, "FUNCTION", sandwich_.function,
              "An expression that names match, or file:REGEX: what matches counts as one");
  AddSelection(sandwich, sandwich_.selection);
  sandwich_.min_share = 0.01;
  AddShare(sandwich, "--min-share", sandwich_.min_share,
           "Leave out what has less of the function's total")
      ->default_str("1%");
  AddFormat(sandwich, sandwich_.format);
  commands_.emplace_back(sandwich, [this] { return sandwich_; });

  CLI::App* compare = AddCommand(
      app_, "compare", "Compare the values of a label, or a function across them", kCompareFooter);
  AddSelection(compare, compare_.selection);
  AddValue(compare, "--by", compare_.by, "LABEL", "The label: version, entry_point, or site")
      ->required();
  AddFunction(compare, "--function", compare_.function,
              "What functions that match, or file:REGEX, have of each");
  AddLimit(compare, compare_.limit);
  AddFormat(compare, compare_.format);
  commands_.emplace_back(compare, [this] { return compare_; });
}

}  // namespace flamekeep::cli
