#include "server/yaml_value.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "server/text.h"

namespace flamekeep::server::yaml {

namespace {

constexpr size_t kMaxMessageBytes = 2000;
constexpr size_t kMaxPathBytes = 200;

}  // namespace

absl::StatusOr<Value> Value::Parse(std::string_view text, std::string file) {
  FLAMEKEEP_ASSIGN_OR_RETURN(Node node, ParseYaml(text, file));
  auto root = std::make_shared<const Node>(std::move(node));
  const Node* top = root.get();
  return Value(std::move(root), top, std::move(file), "", top->line);
}

absl::Status Value::WrongAt(std::string_view message) const {
  // Keys and values are any bytes of a file.
  const std::string line = Shorten(message, kMaxMessageBytes);
  if (path_.empty()) return InvalidArgument("{}:{}: the file {}", file_, line_, line);
  return InvalidArgument("{}:{}: `{}` {}", file_, line_, Shorten(path_, kMaxPathBytes), line);
}

std::string Value::Describe() const {
  if (IsMap()) return "a map";
  if (IsList()) return "a list";
  if (IsScalar()) return fmt::format("\"{}\"", Shorten(node_->scalar));
  return "nothing";
}

absl::StatusOr<std::string> Value::Scalar(std::string_view what) const {
  if (!IsScalar() || node_->scalar.empty()) {
    return Wrong("must be {}, not {}", what, Describe());
  }
  return node_->scalar;
}

absl::Status Value::ReadString(std::string_view what, std::string* out) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::string text, Scalar(what));
  if (text.find('\0') != std::string::npos) return Wrong("holds a NUL byte: remove it");
  *out = std::move(text);
  return absl::OkStatus();
}

absl::Status Value::ReadSecret(std::string_view what, std::string* out) const {
  if (!IsScalar() || node_->scalar.empty()) return Wrong("must be {}", what);
  *out = node_->scalar;
  return absl::OkStatus();
}

absl::Status Value::ReadBool(bool* out) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string text, Scalar("true or false"));
  if (text != "true" && text != "false") {
    return Wrong("must be true or false, not {}", Describe());
  }
  *out = text == "true";
  return absl::OkStatus();
}

absl::Status Value::ReadInteger(uint64_t min, uint64_t max, uint64_t* out) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string text, Scalar("a whole number"));
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < min || value > max) {
    return Wrong("must be a whole number from {} to {}, not {}", min, max, Describe());
  }
  *out = value;
  return absl::OkStatus();
}

absl::Status Value::ReadBytes(uint64_t min, uint64_t max, uint64_t* out) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string text, Scalar("a size such as 64MiB"));
  const absl::StatusOr<uint64_t> value = ParseBytes(text);
  if (!value.ok()) return Wrong("must be a size: {}", Message(value.status()));
  if (*value < min || *value > max) {
    return Wrong("must be a size from {} to {}, not {}", BytesText(min), BytesText(max),
                 Describe());
  }
  *out = *value;
  return absl::OkStatus();
}

absl::Status Value::ReadDuration(absl::Duration min, absl::Duration max,
                                 absl::Duration* out) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string text, Scalar("a duration such as 30s or 90d"));
  const absl::StatusOr<absl::Duration> value = ParseDuration(text);
  if (!value.ok()) return Wrong("must be a duration: {}", Message(value.status()));
  if (*value < min || *value > max) {
    return Wrong("must be a duration from {} to {}, not {}", DurationText(min), DurationText(max),
                 Describe());
  }
  *out = *value;
  return absl::OkStatus();
}

absl::Status Value::ForEach(
    std::string_view what,
    absl::FunctionRef<absl::Status(const Value& key, const Value& value)> read) const {
  if (!IsMap()) return Wrong("must be {}, not {}", what, Describe());
  std::set<std::string> seen;
  for (size_t i = 0; i + 1 < node_->items.size(); i += 2) {
    const Node& key_node = node_->items[i];
    const Node& value_node = node_->items[i + 1];
    const std::string name = key_node.kind == Node::Kind::kScalar ? key_node.scalar : "?";
    const std::string path = path_.empty() ? name : fmt::format("{}.{}", path_, name);
    const Value key(root_, &key_node, file_, path, key_node.line);
    if (!seen.insert(name).second) return key.Wrong("stands here twice: keep one of them");
    // A value that is left out has no place of its own.
    const bool left_out = value_node.kind == Node::Kind::kNull;
    const int line = left_out ? key_node.line : value_node.line;
    FLAMEKEEP_RETURN_IF_ERROR(read(key, Value(root_, &value_node, file_, path, line)));
  }
  return absl::OkStatus();
}

absl::Status Value::ForEach(std::string_view what,
                            absl::FunctionRef<absl::Status(const Value& value)> read) const {
  if (!IsList()) return Wrong("must be {}, not {}", what, Describe());
  size_t index = 0;
  for (const Node& item : node_->items) {
    const std::string path = fmt::format("{}[{}]", path_, index++);
    FLAMEKEEP_RETURN_IF_ERROR(read(Value(root_, &item, file_, path, item.line)));
  }
  return absl::OkStatus();
}

absl::Status UnknownKey(const Value& key, std::string_view name,
                        const std::vector<std::string_view>& known) {
  const std::string_view near = Nearest(name, known);
  if (!near.empty()) return key.Wrong("is unknown: did you mean `{}`?", near);
  return key.Wrong("is unknown: use one of {}", fmt::join(known, ", "));
}

namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Splits "90d" into its number and the factor of its unit.
template <size_t kCount>
bool ParseWithUnit(std::string_view text, const Unit (&units)[kCount], uint64_t* number,
                   uint64_t* factor) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *number);
  if (error != std::errc() || rest == text.data()) return false;
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  const auto* found = std::find_if(std::begin(units), std::end(units),
                                   [&](const Unit& u) { return u.name == unit; });
  if (found == std::end(units)) return false;
  *factor = found->factor;
  return *factor == 0 || *number <= std::numeric_limits<uint64_t>::max() / *factor;
}

constexpr uint64_t kKi = 1024;
constexpr Unit kSizes[] = {{"", 1},
                           {"B", 1},
                           {"kB", 1'000},
                           {"KB", 1'000},
                           {"MB", 1'000'000},
                           {"GB", 1'000'000'000},
                           {"TB", 1'000'000'000'000},
                           {"KiB", kKi},
                           {"MiB", kKi* kKi},
                           {"GiB", kKi* kKi* kKi},
                           {"TiB", kKi* kKi* kKi* kKi}};
// In milliseconds.
constexpr Unit kDurations[] = {{"ms", 1},        {"s", 1'000},      {"m", 60'000},
                               {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  uint64_t number = 0;
  uint64_t factor = 0;
  constexpr uint64_t kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (!ParseWithUnit(text, kDurations, &number, &factor) || number * factor > kMax) {
    return InvalidArgument("write a number and ms, s, m, h, d or w, such as 30s or 90d, not \"{}\"",
                           Shorten(text));
  }
  return absl::Milliseconds(static_cast<int64_t>(number * factor));
}

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) {
  uint64_t number = 0;
  uint64_t factor = 0;
  if (!ParseWithUnit(text, kSizes, &number, &factor)) {
    return InvalidArgument("write a number of bytes, or one with KiB, MiB or GiB, not \"{}\"",
                           Shorten(text));
  }
  return number * factor;
}

}  // namespace flamekeep::server::yaml
