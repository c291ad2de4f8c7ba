// The commands and options of `flamekeep` as data, for shell completion.
//
// Thread safety: plain data.
#ifndef FLAMEKEEP_CLI_COMMAND_MODEL_H_
#define FLAMEKEEP_CLI_COMMAND_MODEL_H_

#include <string>
#include <vector>

namespace flamekeep::cli {

// What may stand where a value is wanted.
struct ValueModel {
  enum class Kind { kText, kFile, kDirectory, kChoice };
  Kind kind = Kind::kText;
  std::string name;                  // "FILE", "SITE"
  std::vector<std::string> choices;  // kChoice only
};

struct OptionModel {
  std::vector<std::string> names;  // with their dashes
  std::string description;
  bool has_value = false;
  bool repeats = false;
  ValueModel value;
};

struct PositionalModel {
  ValueModel value;
  bool repeats = false;
};

struct CommandModel {
  std::string name;
  std::string description;
  std::vector<OptionModel> options;
  std::vector<PositionalModel> positionals;
  std::vector<CommandModel> commands;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_COMMAND_MODEL_H_
