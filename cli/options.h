// What the command line asked for: one plain struct for each command.
//
// Thread safety: plain data.
#ifndef FLAMEKEEP_CLI_OPTIONS_H_
#define FLAMEKEEP_CLI_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace flamekeep::cli {

struct ServeOptions {
  std::string data;
  std::string grpc;  // this and what follows: empty where not given
  std::string http;
  std::string config;
  std::vector<std::string> arclamp_configs;
  std::string site;  // of what the Arc Lamp configurations read
  std::string ready_file;
};

struct ImportOptions {
  std::string server;
  std::string site;
  std::vector<std::string> files;
  std::string arclamp;  // a directory
  std::string time;
  std::string type;
  std::string resolution;
  std::string until;
  std::vector<std::string> labels;  // "name=value"
  bool complete = false;
  bool amend = false;
  bool quiet = false;
};

struct PushOptions {
  std::string server;
  std::string site;
  std::vector<std::string> files;  // empty: standard input
  std::string type;                // empty: lines with times and channels of their own
  std::string time;                // empty: that of arrival
  std::string source;              // empty: this host's name
  std::vector<std::string> labels;
  bool follow = false;
  bool quiet = false;
};

// What a query is about, whatever its view.
struct SelectionOptions {
  std::string server;
  std::string selector;
  std::string from;
  std::string to;
  std::vector<std::string> keep;  // of these, each "REGEX" or "file:REGEX"
  std::vector<std::string> drop;
  std::string focus;
  std::string until;
  std::vector<std::string> hide;
  uint32_t max_depth = 0;  // 0: all
};

struct QueryOptions {
  SelectionOptions selection;
  std::string format;  // empty: by the name of the output
  std::string output;
  std::string title;
  bool inverted = false;
  double min_share = 0;
  uint32_t max_nodes = 0;
};

struct DiffOptions {
  SelectionOptions selection;
  std::string baseline;       // a selector; empty: that of the selection
  std::string baseline_from;  // empty: the selection's range
  std::string baseline_to;    // empty: where the selection begins
  std::string by;             // "total" or "self"
  uint32_t limit = 0;
  std::optional<double> fail_above;
  std::string format;  // empty: by the name of the output
  std::string output;
  std::string title;
  bool width_of_baseline = false;
};

struct ExplainOptions {
  SelectionOptions selection;
};

// A function, or several.
struct FunctionOptions {
  std::string function;  // "REGEX" or "file:REGEX"; empty: none
  std::string file;      // "REGEX"; empty: any
  bool exact = false;    // they are whole names instead
};

struct SeriesOptions {
  SelectionOptions selection;
  FunctionOptions function;
  std::string step;             // empty: by the range
  std::vector<std::string> by;  // labels
  uint32_t max_groups = 0;      // 0: the server's own
  std::string format;           // empty: a table
};

struct HeatMapOptions {
  SelectionOptions selection;
  FunctionOptions function;
  std::string format;  // empty: a map on a terminal, else CSV
};

struct LabelsOptions {
  std::string server;
  std::string name;  // empty: the names of all
  std::string selector;
  std::string format;
};

struct TypesOptions {
  std::string server;
  std::string selector;
  std::string format;
};

struct TopOptions {
  SelectionOptions selection;
  std::string by;            // "self" or "total"
  uint32_t limit = 0;        // rows
  FunctionOptions function;  // only such
  std::optional<double> fail_above;
  std::string format;  // of table_writer.h
};

struct SearchOptions {
  FunctionOptions function;
  SelectionOptions selection;
  std::string by;
  uint32_t limit = 0;
  std::string format;
};

struct SandwichOptions {
  FunctionOptions function;
  SelectionOptions selection;
  double min_share = 0;
  std::string format;
};

struct CompareOptions {
  SelectionOptions selection;
  std::string by;  // a label
  uint32_t limit = 0;
  FunctionOptions function;  // none: the samples as a whole
  std::string format;
};

struct ExportOptions {
  SelectionOptions selection;
  std::string output;
  std::string format;
  std::string level;     // of jsonl; empty: hour
  std::string compress;  // empty: by format
  std::string stacks;    // of jsonl: "array" or "text"
  bool quiet = false;
};

struct StatusOptions {
  std::string server;
  bool json = false;
};

struct DeleteOptions {
  std::string server;
  std::string selector;
  std::string from;
  std::string to;
  bool yes = false;
  bool dry_run = false;
};

struct StoreStatsOptions {
  std::string server;
  std::string directory;  // empty: ask the server
  std::string config;
  bool json = false;
};

struct StoreCheckOptions {
  std::string directory;
  bool repair = false;
};

struct BackupCreateOptions {
  std::string server;
  bool quiet = false;
};

struct BackupListOptions {
  std::string server;
  std::string directory;  // empty: ask the server
};

struct BackupVerifyOptions {
  std::string directory;
  uint32_t id = 0;  // 0: all
};

struct BackupRestoreOptions {
  std::string directory;
  std::string target;
  uint32_t id = 0;  // 0: the newest that is sound
  bool quiet = false;
};

struct BackupPruneOptions {
  std::string directory;
  uint32_t keep = 0;
};

struct CompletionOptions {
  std::string shell;
};

// --help and --version.
struct PrintOptions {
  std::string text;
};

using Command =
    std::variant<ServeOptions, ImportOptions, PushOptions, QueryOptions, ExplainOptions, TopOptions,
                 SearchOptions, SandwichOptions, CompareOptions, DiffOptions, SeriesOptions,
                 HeatMapOptions, LabelsOptions, TypesOptions, ExportOptions, StatusOptions,
                 DeleteOptions, StoreStatsOptions, StoreCheckOptions, BackupCreateOptions,
                 BackupListOptions, BackupVerifyOptions, BackupRestoreOptions, BackupPruneOptions,
                 CompletionOptions, PrintOptions>;

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_OPTIONS_H_
