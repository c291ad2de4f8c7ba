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

struct ExplainOptions {
  SelectionOptions selection;
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
    std::variant<ServeOptions, ImportOptions, PushOptions, QueryOptions, ExplainOptions,
                 ExportOptions, StatusOptions, DeleteOptions, StoreStatsOptions, StoreCheckOptions,
                 BackupCreateOptions, BackupListOptions, BackupVerifyOptions, BackupRestoreOptions,
                 BackupPruneOptions, CompletionOptions, PrintOptions>;

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_OPTIONS_H_
