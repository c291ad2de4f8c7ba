// The parser of the command line, with the structs that it fills. Its methods that add commands are
// in command_line.cc, those of queries in command_line_{query,tables,diff,series,export}.cc.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_PARSER_H_
#define FLAMEKEEP_CLI_PARSER_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "cli/command_model.h"
#include "cli/help_text.h"
#include "cli/options.h"
#include "cli/share_parse.h"

namespace flamekeep::cli {

class Parser {
 public:
  Parser();
  absl::StatusOr<Command> Parse(int argc, const char* const* argv);
  CommandModel Describe() { return Describe(app_); }

 private:
  CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                       const char* footer);
  template <typename T>
  CLI::Option* AddValue(CLI::App* command, const std::string& names, T& value,
                        const std::string& kind, const std::string& description);
  void AddServer(CLI::App* command, std::string& server);
  void OneOf(CLI::Option* option, const std::vector<std::string>& choices);

  void AddServe();
  void AddImport();
  void AddPush();
  void AddSelection(CLI::App* command, SelectionOptions& selection);
  void AddQueries();
  void AddQuery();
  void AddExplain();
  // `names`: of the option, or positional, that takes an expression.
  void AddFunction(CLI::App* command, const std::string& names, FunctionOptions& function,
                   const std::string& description);
  template <typename T>
  CLI::Option* AddShare(CLI::App* command, const std::string& name, T& share,
                        const std::string& description);
  void AddSeries();
  void AddHeatMap();
  void AddLabels();
  void AddTypes();
  // The commands over functions: command_line_tables.cc.
  void AddTables();
  void AddFormat(CLI::App* command, std::string& format);
  void AddLimit(CLI::App* command, uint32_t& limit);
  void AddOrder(CLI::App* command, std::string& by, const std::string& usual);
  void AddDiff();  // command_line_diff.cc
  void AddExport();
  void AddStatus();
  void AddDelete();
  void AddBackup();
  void AddStore();
  void AddCompletion();
  CommandModel Describe(const CLI::App& app);
  ValueModel ValueOf(const CLI::Option* option);

  CLI::App app_{kMainHelp, "flamekeep"};
  std::map<const CLI::Option*, std::string> kinds_;  // "FILE", "TIME"
  std::map<const CLI::Option*, std::vector<std::string>> choices_;
  std::vector<std::pair<CLI::App*, std::function<Command()>>> commands_;

  ServeOptions serve_;
  ImportOptions import_;
  PushOptions push_;
  QueryOptions query_;
  ExplainOptions explain_;
  SeriesOptions series_;
  HeatMapOptions heat_map_;
  LabelsOptions labels_;
  TypesOptions types_;
  TopOptions top_;
  SearchOptions search_;
  SandwichOptions sandwich_;
  CompareOptions compare_;
  DiffOptions diff_;
  ExportOptions export_;
  StatusOptions status_;
  DeleteOptions delete_;
  StoreStatsOptions store_stats_;
  StoreCheckOptions store_check_;
  BackupCreateOptions backup_create_;
  BackupListOptions backup_list_;
  BackupVerifyOptions backup_verify_;
  BackupRestoreOptions backup_restore_;
  BackupPruneOptions backup_prune_;
  CompletionOptions completion_;
};

// An option with a value, or a positional where the name has no dashes.
template <typename T>
CLI::Option* Parser::AddValue(CLI::App* command, const std::string& names, T& value,
                              const std::string& kind, const std::string& description) {
  CLI::Option* option = command->add_option(names, value, description);
  kinds_[option] = kind;
  const bool is_positional = names.front() != '-';
  option->type_name(is_positional ? "" : kind);
  // Else an option that may be repeated would take the words behind its value as well.
  if (!is_positional) option->allow_extra_args(false);
  return option;
}

// A share as people write it (share_parse.h): to a double, or an optional one.
template <typename T>
CLI::Option* Parser::AddShare(CLI::App* command, const std::string& name, T& share,
                              const std::string& description) {
  const auto as_number = [](std::string& text) -> std::string {
    const absl::StatusOr<double> parsed = ParseShare(text);
    if (!parsed.ok()) return Message(parsed.status());
    text = fmt::format("{}", *parsed);
    return "";
  };
  return AddValue(command, name, share, "SHARE", description)
      ->transform(CLI::Validator(as_number, ""));
}

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_PARSER_H_
