// A YAML file as a plain tree. Aliases (*name) are refused: no file needs them, and a tree without
// them has no cycles and no more nodes than its text.
//
// Thread safety: values. Errors: INVALID_ARGUMENT of one sentence with file and line.
#ifndef FLAMEKEEP_SERVER_YAML_NODE_H_
#define FLAMEKEEP_SERVER_YAML_NODE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace flamekeep::server::yaml {

struct Node {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  int line = 1;
  std::string scalar;
  std::vector<Node> items;  // of a list; of a map: key, value, key, value
};

// Reads a file of one document. An empty one is an empty map.
absl::StatusOr<Node> ParseYaml(std::string_view text, std::string_view file);

}  // namespace flamekeep::server::yaml

#endif  // FLAMEKEEP_SERVER_YAML_NODE_H_
