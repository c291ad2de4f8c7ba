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
  // yaml-cpp reports by exception; they end here.
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) {
      return InvalidArgument("{}: holds {} YAML documents: keep one (remove the lines \"---\")",
                             file, documents.size());
    }
    YAML::Node node = documents.empty() ? YAML::Node() : documents[0];
    if (!node.IsDefined() || node.IsNull()) node = YAML::Node(YAML::NodeType::Map);
    return Value(std::move(node), std::move(file), "", 1);
  } catch (const YAML::Exception& error) {
    return InvalidArgument("{}:{}: this is not YAML: {} (column {})", file, error.mark.line + 1,
                           error.msg, error.mark.column + 1);
  }
}

absl::Status Value::WrongAt(std::string_view message) const {
  // Keys and values are any bytes of a file.
  const std::string line = Shorten(message, kMaxMessageBytes);
  if (path_.empty()) return InvalidArgument("{}:{}: the file {}", file_, line_, line);
  return InvalidArgument("{}:{}: `{}` {}", file_, line_, Shorten(path_, kMaxPathBytes), line);
}

std::string Value::Describe() const {
  if (node_.IsMap()) return "a map";
  if (node_.IsSequence()) return "a list";
  if (node_.IsScalar()) return fmt::format("\"{}\"", Shorten(node_.Scalar()));
  return "nothing";
}

absl::StatusOr<std::string> Value::Scalar(std::string_view what) const {
  if (!node_.IsScalar() || node_.Scalar().empty()) {
    return Wrong("must be {}, not {}", what, Describe());
  }
  return node_.Scalar();
}

absl::Status Value::ReadString(std::string_view what, std::string* out) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::string text, Scalar(what));
  if (text.find('\0') != std::string::npos) return Wrong("holds a NUL byte: remove it");
  *out = std::move(text);
  return absl::OkStatus();
}

absl::Status Value::ReadSecret(std::string_view what, std::string* out) const {
  if (!node_.IsScalar() || node_.Scalar().empty()) return Wrong("must be {}", what);
  *out = node_.Scalar();
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
  if (!node_.IsMap()) return Wrong("must be {}, not {}", what, Describe());
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const int line = entry.first.Mark().line + 1;
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    const std::string path = path_.empty() ? name : fmt::format("{}.{}", path_, name);
    const Value key(entry.first, file_, path, line);
    if (!seen.insert(name).second) return key.Wrong("stands here twice: keep one of them");
    // A value that is left out has no place of its own.
    const int value_line = entry.second.IsNull() ? line : entry.second.Mark().line + 1;
    FLAMEKEEP_RETURN_IF_ERROR(read(key, Value(entry.second, file_, path, value_line)));
  }
  return absl::OkStatus();
}

absl::Status Value::ForEach(std::string_view what,
                            absl::FunctionRef<absl::Status(const Value& value)> read) const {
  if (!node_.IsSequence()) return Wrong("must be {}, not {}", what, Describe());
  size_t index = 0;
  for (const auto& item : node_) {
    const int line = item.IsNull() ? line_ : item.Mark().line + 1;
    const std::string path = fmt::format("{}[{}]", path_, index++);
    FLAMEKEEP_RETURN_IF_ERROR(read(Value(item, file_, path, line)));
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
