#include "cli/label_parse.h"

#include "base/status.h"

namespace flamekeep::cli {

absl::Status AddLabels(const std::vector<std::string>& texts, v1::OpenSource* open) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
      return InvalidArgument("\"{}\" is not a label: write --label NAME=VALUE", text);
    }
    v1::Label* label = open->add_labels();
    label->set_name(text.substr(0, equals));
    label->set_value(text.substr(equals + 1));
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
