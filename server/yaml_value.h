// Strict reading of YAML: a value knows its place, and every error is one sentence of the form
// "FILE:LINE: KEY ...: what to write instead".
//
//   constexpr yaml::Key<Limits> kKeys[] = {
//       {"queue_bytes", [](const yaml::Value& value, Limits* out) {
//          return value.ReadBytes(1, 1 << 30, &out->queue_bytes);
//        }}};
//   FLAMEKEEP_RETURN_IF_ERROR(yaml::ReadMap(value, kKeys, &limits));
//
// Thread safety: values. Errors are INVALID_ARGUMENT.
#ifndef FLAMEKEEP_SERVER_YAML_VALUE_H_
#define FLAMEKEEP_SERVER_YAML_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "server/yaml_node.h"

namespace flamekeep::server::yaml {

class Value {
 public:
  // Reads a whole document; `file` is for messages. An empty document is an empty map.
  static absl::StatusOr<Value> Parse(std::string_view text, std::string file);

  bool IsMap() const { return node_->kind == Node::Kind::kMap; }
  bool IsList() const { return node_->kind == Node::Kind::kList; }
  bool IsScalar() const { return node_->kind == Node::Kind::kScalar; }
  bool IsNull() const { return node_->kind == Node::Kind::kNull; }
  bool IsEmptyText() const { return IsScalar() && node_->scalar.empty(); }

  // A scalar that is not empty. `what` tells what is wanted, for messages: "an address such as
  // 127.0.0.1:4041".
  absl::Status ReadString(std::string_view what, std::string* out) const;
  // The same; errors do not show what stands there.
  absl::Status ReadSecret(std::string_view what, std::string* out) const;
  absl::Status ReadBool(bool* out) const;
  absl::Status ReadInteger(uint64_t min, uint64_t max, uint64_t* out) const;
  // "64MiB", "2GB", "4096".
  absl::Status ReadBytes(uint64_t min, uint64_t max, uint64_t* out) const;
  // "500ms", "30s", "90d".
  absl::Status ReadDuration(absl::Duration min, absl::Duration max, absl::Duration* out) const;

  // Calls `read` with each entry of a map or a list; stops at the first error.
  absl::Status ForEach(
      std::string_view what,
      absl::FunctionRef<absl::Status(const Value& key, const Value& value)> read) const;
  absl::Status ForEach(std::string_view what,
                       absl::FunctionRef<absl::Status(const Value& value)> read) const;

  // An error at this place: "FILE:LINE: `KEY` MESSAGE".
  template <typename... Args>
  absl::Status Wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return WrongAt(fmt::format(format, std::forward<Args>(args)...));
  }

  const std::string& file() const { return file_; }
  const std::string& path() const { return path_; }  // "sites.eqiad.redis"

 private:
  Value(std::shared_ptr<const Node> root, const Node* node, std::string file, std::string path,
        int line)
      : root_(std::move(root)),
        node_(node),
        file_(std::move(file)),
        path_(std::move(path)),
        line_(line) {}
  absl::Status WrongAt(std::string_view message) const;
  absl::StatusOr<std::string> Scalar(std::string_view what) const;
  std::string Describe() const;  // what stands here, for messages: `"abc"`, "a list"

  std::shared_ptr<const Node> root_;  // keeps *node_ alive
  const Node* node_;
  std::string file_;
  std::string path_;
  int line_ = 0;
};

// An integer of any type that holds `max`.
template <typename T>
absl::Status ReadNumber(const Value& value, uint64_t min, uint64_t max, T* out) {
  uint64_t number = 0;
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadInteger(min, max, &number));
  *out = static_cast<T>(number);
  return absl::OkStatus();
}

// A key of a map and the function that reads its value into T.
template <typename T>
struct Key {
  std::string_view name;
  absl::Status (*read)(const Value& value, T* out);
};

// The error for a key that is not one of `known`.
absl::Status UnknownKey(const Value& key, std::string_view name,
                        const std::vector<std::string_view>& known);

template <typename T, size_t kCount>
absl::Status ReadMap(const Value& map, const Key<T> (&keys)[kCount], T* out) {
  return map.ForEach("a map of keys and values", [&](const Value& key, const Value& value) {
    std::string name;
    FLAMEKEEP_RETURN_IF_ERROR(key.ReadString("a name", &name));
    std::vector<std::string_view> known;
    for (const Key<T>& candidate : keys) {
      if (candidate.name == name) return candidate.read(value, out);
      known.push_back(candidate.name);
    }
    return UnknownKey(key, name, known);
  });
}

// Durations and sizes as text, also for command line flags. Errors: a sentence without a place.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

}  // namespace flamekeep::server::yaml

#endif  // FLAMEKEEP_SERVER_YAML_VALUE_H_
