#include <fmt/format.h>

#include <string>
#include <string_view>

#include "cli/completion.h"

// One function for each command, in terms of zsh's own _arguments.

namespace flamekeep::cli {
namespace {

// For a description or a name inside single quotes of an _arguments specification.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string Action(const ValueModel& value) {
  switch (value.kind) {
    case ValueModel::Kind::kFile:
      return "_files";
    case ValueModel::Kind::kDirectory:
      return "_files -/";
    case ValueModel::Kind::kChoice:
      return fmt::format("({})", fmt::join(value.choices, " "));
    case ValueModel::Kind::kText:
      return "";
  }
  return "";
}

void WriteOption(const OptionModel& option, std::string* out) {
  const std::string value =
      option.has_value ? fmt::format(":{}:{}", Escaped(option.value.name), Action(option.value))
                       : "";
  for (const std::string& name : option.names) {
    // Long options take their value after = as well.
    const bool is_long = name.starts_with("--");
    *out +=
        fmt::format(" \\\n    '{}{}{}[{}]{}'",
                    option.repeats ? "*" : fmt::format("({})", fmt::join(option.names, " ")), name,
                    option.has_value && is_long ? "=" : "", Escaped(option.description), value);
  }
}

void WriteCommand(const CommandModel& command, const std::string& function, std::string* out) {
  for (const CommandModel& sub : command.commands) {
    WriteCommand(sub, function + "_" + sub.name, out);
  }
  *out += function + "() {\n";
  if (!command.commands.empty()) {
    *out += "  local context state state_descr line\n  typeset -A opt_args\n";
  }
  *out += command.commands.empty() ? "  _arguments" : "  _arguments -C";
  for (const OptionModel& option : command.options) WriteOption(option, out);
  if (command.commands.empty()) {
    for (const PositionalModel& positional : command.positionals) {
      *out += fmt::format(" \\\n    '{}:{}:{}'", positional.repeats ? "*" : "",
                          Escaped(positional.value.name), Action(positional.value));
    }
    *out += "\n}\n";
    return;
  }
  *out += " \\\n    '1: :->command' \\\n    '*:: :->rest'\n";
  *out += "  case $state in\n    command)\n      local -a commands=(\n";
  for (const CommandModel& sub : command.commands) {
    *out += fmt::format("        '{}:{}'\n", sub.name, Escaped(sub.description));
  }
  *out += "      )\n      _describe command commands ;;\n    rest)\n      case $line[1] in\n";
  for (const CommandModel& sub : command.commands) {
    *out += fmt::format("        {}) {}_{} ;;\n", sub.name, function, sub.name);
  }
  *out += "      esac ;;\n  esac\n}\n";
}

}  // namespace

std::string ZshCompletion(const CommandModel& root) {
  const std::string function = "_" + root.name;
  std::string out = fmt::format(
      "#compdef {0}\n# zsh completion for {0}; made by `{0} completion zsh`\n", root.name);
  WriteCommand(root, function, &out);
  // Autoloaded from $fpath it is called at once; sourced it registers itself.
  out += fmt::format(
      "if [ \"$funcstack[1]\" = {0} ]; then\n  {0} \"$@\"\nelse\n  compdef {0} {1}\nfi\n", function,
      root.name);
  return out;
}

}  // namespace flamekeep::cli
