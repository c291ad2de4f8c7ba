#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/completion.h"

// The script walks over the words to find the command ("flamekeep store check"), then looks up what
// may follow in four tables that are written out as `case` branches.

namespace flamekeep::cli {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

// The command that offers what a value may be; it fills COMPREPLY.
std::string Offer(const ValueModel& value) {
  switch (value.kind) {
    case ValueModel::Kind::kFile:
      return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    case ValueModel::Kind::kDirectory:
      return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")";
    case ValueModel::Kind::kChoice:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")",
                         Joined(value.choices));
    case ValueModel::Kind::kText:
      return ":";
  }
  return ":";
}

struct Tables {
  std::string commands;     // path/word -> the word is a command of path
  std::string values;       // path:option -> what its value may be
  std::string options;      // path -> its options
  std::string positionals;  // path -> what may stand without an option
};

void Fill(const CommandModel& command, const std::string& path, Tables* tables) {
  std::vector<std::string> names;
  for (const OptionModel& option : command.options) {
    for (const std::string& name : option.names) {
      names.push_back(name);
      if (option.has_value) {
        tables->values +=
            fmt::format("    '{}:{}') {}; return ;;\n", path, name, Offer(option.value));
      }
    }
  }
  tables->options += fmt::format("    '{}') options='{}' ;;\n", path, Joined(names));
  if (!command.commands.empty()) {
    std::vector<std::string> words;
    words.reserve(command.commands.size());
    for (const CommandModel& sub : command.commands) words.push_back(sub.name);
    ValueModel choice;
    choice.kind = ValueModel::Kind::kChoice;
    choice.choices = words;
    tables->positionals += fmt::format("    '{}') {} ;;\n", path, Offer(choice));
  } else if (!command.positionals.empty()) {
    tables->positionals +=
        fmt::format("    '{}') {} ;;\n", path, Offer(command.positionals.front().value));
  }
  for (const CommandModel& sub : command.commands) {
    tables->commands +=
        fmt::format("      '{}/{}') path='{} {}' ;;\n", path, sub.name, path, sub.name);
    Fill(sub, path + " " + sub.name, tables);
  }
}

}  // namespace

std::string BashCompletion(const CommandModel& root) {
  Tables tables;
  Fill(root, root.name, &tables);
  // Bash cuts words at = too: "--site=eqiad" arrives as three.
  return fmt::format(R"sh(# bash completion for {0}; made by `{0} completion bash`
_{0}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path={0} options='' i word
  COMPREPLY=()
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    case $path/$word in
{1}    esac
  done
  case $path:$prev in
{2}  esac
  case $path in
{3}  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  case $path in
{4}  esac
}}
complete -F _{0} {0}
)sh",
                     root.name, tables.commands, tables.values, tables.options, tables.positionals);
}

}  // namespace flamekeep::cli
