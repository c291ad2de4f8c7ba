#include "cli/level_text.h"

#include <algorithm>
#include <cctype>

namespace flamekeep::cli {

std::string LevelText(v1::Level level) {
  std::string name = v1::Level_Name(level).substr(std::string("LEVEL_").size());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace flamekeep::cli
