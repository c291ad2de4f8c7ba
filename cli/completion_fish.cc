#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "cli/completion.h"

// A list of `complete` lines, each with the condition under which it holds.

namespace flamekeep::cli {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// Files are off unless the value is a file.
std::string Values(const ValueModel& value) {
  switch (value.kind) {
    case ValueModel::Kind::kFile:
      return " -r -F";
    case ValueModel::Kind::kDirectory:
      return " -x -a '(__fish_complete_directories)'";
    case ValueModel::Kind::kChoice:
      return fmt::format(" -x -a {}", Quoted(fmt::format("{}", fmt::join(value.choices, " "))));
    case ValueModel::Kind::kText:
      return " -x";
  }
  return "";
}

// `inside`: the condition that the words so far name this command.
void Write(const CommandModel& command, const std::string& inside, std::string_view program,
           std::string* out) {
  std::vector<std::string> subs;
  subs.reserve(command.commands.size());
  for (const CommandModel& sub : command.commands) subs.push_back(sub.name);
  const std::string no_sub =
      subs.empty() ? inside
                   : fmt::format("{}not __fish_seen_subcommand_from {}",
                                 inside.empty() ? "" : inside + "; and ", fmt::join(subs, " "));
  for (const OptionModel& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) {
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    *out += fmt::format("complete -c {} -n {}{}{} -d {}\n", program, Quoted(no_sub), names,
                        option.has_value ? Values(option.value) : "", Quoted(option.description));
  }
  if (subs.empty()) {
    for (const PositionalModel& positional : command.positionals) {
      if (positional.value.kind == ValueModel::Kind::kText) continue;
      *out += fmt::format(
          "complete -c {} -n {}{}\n", program, Quoted(no_sub),
          positional.value.kind == ValueModel::Kind::kFile ? " -F" : Values(positional.value));
    }
  }
  for (const CommandModel& sub : command.commands) {
    *out += fmt::format("complete -c {} -n {} -a {} -d {}\n", program, Quoted(no_sub), sub.name,
                        Quoted(sub.description));
    Write(sub,
          fmt::format("{}__fish_seen_subcommand_from {}", inside.empty() ? "" : inside + "; and ",
                      sub.name),
          program, out);
  }
}

}  // namespace

std::string FishCompletion(const CommandModel& root) {
  std::string out = fmt::format(
      "# fish completion for {0}; made by `{0} completion fish`\ncomplete -c {0} -f\n", root.name);
  Write(root, "", root.name, &out);
  return out;
}

}  // namespace flamekeep::cli
