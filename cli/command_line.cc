#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/connection.h"
#include "cli/help_text.h"
#include "cli/parser.h"
#include "flamekeep/version.h"

namespace flamekeep::cli {
namespace {

// The innermost command that was named.
const CLI::App* Selected(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string FullName(const CLI::App* app) {
  if (app->get_parent() == nullptr) return app->get_name();
  return FullName(app->get_parent()) + " " + app->get_name();
}

std::string ReasonOf(const CLI::ParseError& error, const CLI::App& app) {
  const bool wants_command = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (wants_command) {
    const std::vector<std::string> words = app.remaining();
    return words.empty() ? "a command is missing"
                         : fmt::format("\"{}\" is no command", words.front());
  }
  std::string reason = error.what();
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return reason;
}

}  // namespace

Parser::Parser() {
  constexpr size_t kColumnWidth = 28;
  app_.get_formatter()->column_width(kColumnWidth);
  app_.footer(kMainFooter);
  app_.set_help_flag("-h,--help", "Show this help");
  app_.set_version_flag("--version", "flamekeep " + std::string(kVersion), "Show the version");
  app_.require_subcommand(1);
  AddServe();
  AddImport();
  AddPush();
  AddQueries();
  AddStatus();
  AddDelete();
  AddStore();
  AddBackup();
  AddCompletion();
}

CLI::App* Parser::AddCommand(CLI::App& parent, const std::string& name,
                             const std::string& description, const char* footer) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer(footer);
  return command;
}

void Parser::AddServer(CLI::App* command, std::string& server) {
  server = kDefaultServer;
  AddValue(command, "--server", server, "ADDRESS", "The server, HOST[:PORT]")
      ->envname("FLAMEKEEP_SERVER")
      ->capture_default_str();
}

void Parser::OneOf(CLI::Option* option, const std::vector<std::string>& choices) {
  choices_[option] = choices;
  option->check(CLI::IsMember(choices));
}

void Parser::AddServe() {
  CLI::App* serve = AddCommand(app_, "serve", "Run a server", kServeFooter);
  AddValue(serve, "--data", serve_.data, "DIR", "The store's directory; made if it is not there");
  AddValue(serve, "--grpc", serve_.grpc, "ADDRESS",
           "Listen for gRPC here; port 0: a free one; off (127.0.0.1:4041)");
  AddValue(serve, "--http", serve_.http, "ADDRESS",
           "Listen for HTTP (metrics, health, services, files by URL) here; off (127.0.0.1:4040)");
  AddValue(serve, "--config", serve_.config, "FILE", "Configuration (YAML)");
  AddValue(serve, "--arclamp-config", serve_.arclamp_configs, "FILE",
           "Read the channel of this arclamp-log.yaml; may be repeated");
  serve_.site = "default";
  AddValue(serve, "--site", serve_.site, "SITE", "The site of --arclamp-config")
      ->capture_default_str();
  AddValue(serve, "--ready-file", serve_.ready_file, "FILE",
           "Write process id and addresses here (JSON) once it serves");
  commands_.emplace_back(serve, [this] { return serve_; });
}

void Parser::AddImport() {
  CLI::App* import =
      AddCommand(app_, "import", "Bring files of stacks and profiles to a server", kImportFooter);
  AddValue(import, "FILES", import_.files, "FILE", "Files; - is standard input");
  AddValue(import, "--site", import_.site, "SITE", "Where the samples come from")->required();
  AddValue(import, "--time", import_.time, "TIME",
           "The time of all samples, where a file has none inside");
  AddValue(import, "--type", import_.type, "TYPE",
           "Their profile type; with --arclamp: of logs without a channel in their name");
  import_.resolution = "minute";
  OneOf(
      AddValue(import, "--resolution", import_.resolution, "LEVEL", "How exactly --time is known"),
      {"minute", "hour", "day", "month", "year"});
  AddValue(import, "--label", import_.labels, "NAME=VALUE",
           "Add this label to every sample; may be repeated");
  import->add_flag("--complete", import_.complete,
                   "Count a last line without newline: nobody writes to the files any more");
  AddValue(import, "--arclamp", import_.arclamp, "DIR",
           "Import Arc Lamp's logs below this directory");
  AddValue(import, "--until", import_.until, "TIME",
           "With --arclamp: leave out logs that end later");
  import->add_flag("--amend", import_.amend,
                   "Import also into ranges that live sources have made final");
  import->add_flag("-q,--quiet", import_.quiet, "Print nothing but errors");
  AddServer(import, import_.server);
  commands_.emplace_back(import, [this] { return import_; });
}

void Parser::AddPush() {
  CLI::App* push = AddCommand(app_, "push", "Send samples to a server as they come", kPushFooter);
  AddValue(push, "FILES", push_.files, "FILE",
           "Files or named pipes; - is standard input, the default");
  AddValue(push, "--site", push_.site, "SITE", "Where the samples come from")->required();
  AddValue(push, "--type", push_.type, "TYPE",
           "The profile type of plain folded lines; without it lines have times and channels");
  AddValue(push, "--time", push_.time, "TIME", "With --type: their time; by default, of arrival");
  AddValue(push, "--label", push_.labels, "NAME=VALUE",
           "Add this label to every sample; may be repeated");
  AddValue(push, "--source", push_.source, "NAME",
           "The name of this client, by default the host's name");
  push->add_flag("--follow", push_.follow,
                 "Go on until a signal: wait for the server, and for the next writer of a pipe");
  push->add_flag("-q,--quiet", push_.quiet, "Print nothing but errors");
  AddServer(push, push_.server);
  commands_.emplace_back(push, [this] { return push_; });
}

void Parser::AddStatus() {
  CLI::App* status = AddCommand(app_, "status", "Show losses, sources and sizes", kStatusFooter);
  status->add_flag("--json", status_.json, "All of it, as JSON");
  AddServer(status, status_.server);
  commands_.emplace_back(status, [this] { return status_; });
}

void Parser::AddDelete() {
  CLI::App* remove =
      AddCommand(app_, "delete", "Remove a selection and range for good", kDeleteFooter);
  AddValue(remove, "SELECTOR", delete_.selector, "SELECTOR",
           "A profile type and label matchers: excimer-wall{site=\"eqiad\"}")
      ->required();
  AddValue(remove, "--from", delete_.from, "TIME", "Begin of the range")->required();
  AddValue(remove, "--to", delete_.to, "TIME", "End of the range, not included")->required();
  remove->add_flag("-y,--yes", delete_.yes, "Do not ask");
  remove->add_flag("--dry-run", delete_.dry_run, "Only tell how much would go");
  AddServer(remove, delete_.server);
  commands_.emplace_back(remove, [this] { return delete_; });
}

void Parser::AddStore() {
  CLI::App* store = AddCommand(app_, "store", "Look into a store", kStoreFooter);
  store->require_subcommand(1);
  CLI::App* stats =
      AddCommand(*store, "stats", "Show sizes, growth and when it is full", kStoreStatsFooter);
  AddValue(stats, "DIR", store_stats_.directory, "DIR",
           "The directory of a store that is not in use; else the server is asked");
  AddValue(stats, "--config", store_stats_.config, "FILE",
           "With DIR: the server's configuration, for the forecast");
  stats->add_flag("--json", store_stats_.json, "All of it, as JSON");
  AddServer(stats, store_stats_.server);
  commands_.emplace_back(stats, [this] { return store_stats_; });
  CLI::App* check = AddCommand(*store, "check", "Verify every byte of a store", kStoreCheckFooter);
  AddValue(check, "DIR", store_check_.directory, "DIR", "The store's directory")->required();
  check->add_flag("--repair", store_check_.repair,
                  "Make a sound store of what can be read of a damaged one");
  commands_.emplace_back(check, [this] { return store_check_; });
}

void Parser::AddBackup() {
  CLI::App* backup = AddCommand(app_, "backup", "Make and restore backups", kBackupFooter);
  backup->require_subcommand(1);
  CLI::App* create = AddCommand(*backup, "create", "Have the server make a backup", kBackupFooter);
  create->add_flag("-q,--quiet", backup_create_.quiet, "No progress");
  AddServer(create, backup_create_.server);
  commands_.emplace_back(create, [this] { return backup_create_; });

  const auto add_directory = [this](CLI::App* command, std::string& directory) {
    return AddValue(command, "BACKUPS", directory, "DIR", "The directory of the backups");
  };
  CLI::App* list = AddCommand(*backup, "list", "Show what backups there are", kBackupFooter);
  add_directory(list, backup_list_.directory)
      ->description("The directory of the backups; else the server is asked");
  AddServer(list, backup_list_.server);
  commands_.emplace_back(list, [this] { return backup_list_; });

  CLI::App* verify = AddCommand(*backup, "verify", "Read every byte of the backups", kBackupFooter);
  add_directory(verify, backup_verify_.directory)->required();
  AddValue(verify, "--id", backup_verify_.id, "N", "Only this one");
  commands_.emplace_back(verify, [this] { return backup_verify_; });

  CLI::App* restore = AddCommand(*backup, "restore", "Make a store of a backup", kBackupFooter);
  add_directory(restore, backup_restore_.directory)->required();
  AddValue(restore, "DIR", backup_restore_.target, "DIR",
           "Where the store is to be: missing, or empty")
      ->required();
  AddValue(restore, "--id", backup_restore_.id, "N", "This one (default: the newest)");
  restore->add_flag("-q,--quiet", backup_restore_.quiet, "No progress");
  commands_.emplace_back(restore, [this] { return backup_restore_; });

  CLI::App* prune = AddCommand(*backup, "prune", "Remove old backups", kBackupFooter);
  add_directory(prune, backup_prune_.directory)->required();
  AddValue(prune, "--keep", backup_prune_.keep, "N", "How many of the newest stay")
      ->required()
      ->check(CLI::PositiveNumber);
  commands_.emplace_back(prune, [this] { return backup_prune_; });
}

void Parser::AddCompletion() {
  CLI::App* completion =
      AddCommand(app_, "completion", "Print a completion script for a shell", kCompletionFooter);
  OneOf(AddValue(completion, "SHELL", completion_.shell, "SHELL", "")->required(),
        {"bash", "zsh", "fish"});
  commands_.emplace_back(completion, [this] { return completion_; });
}

absl::StatusOr<Command> Parser::Parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* app = Selected(&app_);
    const std::string before = app->get_parent() == nullptr ? "" : FullName(app->get_parent());
    return PrintOptions{app->help(before, CLI::AppFormatMode::Normal)};
  } catch (const CLI::CallForVersion& version) {
    return PrintOptions{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return InvalidArgument("{}: see `{} --help`", ReasonOf(error, *Selected(&app_)),
                           FullName(Selected(&app_)));
  }
  for (const auto& [app, make] : commands_) {
    if (app->parsed()) return make();
  }
  return InvalidArgument("name a command: see `flamekeep --help`");
}

ValueModel Parser::ValueOf(const CLI::Option* option) {
  ValueModel value;
  // Flags have none.
  if (const auto it = kinds_.find(option); it != kinds_.end()) value.name = it->second;
  if (const auto it = choices_.find(option); it != choices_.end()) {
    value.kind = ValueModel::Kind::kChoice;
    value.choices = it->second;
  } else if (value.name == "FILE") {
    value.kind = ValueModel::Kind::kFile;
  } else if (value.name == "DIR") {
    value.kind = ValueModel::Kind::kDirectory;
  }
  return value;
}

CommandModel Parser::Describe(const CLI::App& app) {
  CommandModel model;
  model.name = app.get_name();
  model.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    const bool repeats = option->get_items_expected_max() > 1;
    if (option->get_positional()) {
      model.positionals.push_back({ValueOf(option), repeats});
      continue;
    }
    OptionModel described;
    for (const std::string& name : option->get_snames()) described.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
    described.description = option->get_description();
    described.has_value = option->get_items_expected_max() > 0;
    described.repeats = repeats;
    described.value = ValueOf(option);
    model.options.push_back(std::move(described));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    model.commands.push_back(Describe(*command));
  }
  return model;
}

absl::StatusOr<Command> ParseCommandLine(int argc, const char* const* argv) {
  return Parser().Parse(argc, argv);
}

CommandModel DescribeCommands() { return Parser().Describe(); }

}  // namespace flamekeep::cli
