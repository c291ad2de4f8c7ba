#include "ingest/rules.h"

#include <re2/re2.h>
#include <xxhash.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/status.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {
namespace {

// Part of Hash(): grows when this code makes other stacks or labels of the same line.
constexpr std::string_view kDecoderVersion = "1";

constexpr std::string_view kEntryPointLabel = "entry_point";

// The first group is the tag. \w of Python 3 knows all alphabets, that of RE2 only ASCII.
const RE2& EntryPointPattern() {
  static const RE2* const kPattern = new RE2(R"((?:[^;]+/)*([\pL\pN_]+).php)");
  return *kPattern;
}

absl::StatusOr<std::unique_ptr<const RE2>> Compile(std::string_view kind, std::string_view match) {
  RE2::Options options;
  options.set_log_errors(false);
  auto pattern = std::make_unique<RE2>(re2::StringPiece(match.data(), match.size()), options);
  if (!pattern->ok()) {
    return InvalidArgument("the {} rule \"{:.200}\" is no regular expression of RE2: {}", kind,
                           match, pattern->error());
  }
  if (match.empty()) {
    return InvalidArgument("a {} rule has an empty `match`: write a regular expression", kind);
  }
  return pattern;
}

void AddFoundLabel(std::string_view name, std::string_view value, storage::Labels* labels,
                   bool* too_long) {
  // RE2's \C matches a single byte of a character.
  std::string repaired;
  if (!IsReadable(value)) {
    AppendReadable(value, &repaired);
    value = repaired;
  }
  if (value.size() > kMaxLabelValueBytes) {
    *too_long = true;
  } else {
    AddLabel(name, value, labels);
  }
}

std::string_view View(re2::StringPiece piece) { return {piece.data(), piece.size()}; }
re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Rules::Compiled {
  struct Label {
    std::string name;
    std::unique_ptr<const RE2> match;
    int group = 1;
  };
  struct Frame {
    std::unique_ptr<const RE2> match;
    std::string replace;
    std::vector<std::pair<int, std::string>> lifted;  // group, label
  };

  bool entry_point = true;
  std::vector<Label> labels;
  std::vector<Frame> frames;
  uint64_t hash = 0;
};

namespace {

absl::StatusOr<std::unique_ptr<const RE2>> CompileLabel(const LabelRule& rule, int* group) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckLabelName(rule.label));
  FLAMEKEEP_ASSIGN_OR_RETURN(auto pattern, Compile("label", rule.match));
  if (pattern->NumberOfCapturingGroups() == 0) {
    return InvalidArgument(
        "the label rule \"{:.200}\" has no group: put what is to be the value of \"{}\" in "
        "parentheses",
        rule.match, rule.label);
  }
  const auto& named = pattern->NamedCapturingGroups();
  const auto it = named.find(rule.label);
  *group = it == named.end() ? 1 : it->second;
  return pattern;
}

absl::StatusOr<std::unique_ptr<const RE2>> CompileFrame(const FrameRule& rule) {
  FLAMEKEEP_ASSIGN_OR_RETURN(auto pattern, Compile("frame", rule.match));
  std::string error;
  if (!pattern->CheckRewriteString(Piece(rule.replace), &error)) {
    return InvalidArgument("the frame rule \"{:.200}\" can not be replaced by \"{:.200}\": {}",
                           rule.match, rule.replace, error);
  }
  if (!IsReadable(rule.replace) || rule.replace.find(';') != std::string::npos) {
    return InvalidArgument(
        "the frame rule \"{:.200}\" is replaced by text that no frame may hold: leave out ';' and "
        "control characters",
        rule.match);
  }
  for (const auto& [name, group] : pattern->NamedCapturingGroups()) {
    FLAMEKEEP_RETURN_IF_ERROR(CheckLabelName(name));
  }
  return pattern;
}

// Everything with its length before it, so that different options never give the same text.
std::string Canonical(const RuleOptions& options) {
  std::string text = fmt::format("{} {}", kDecoderVersion, options.entry_point);
  const auto add = [&text](char kind, std::string_view a, std::string_view b) {
    text += fmt::format("\n{} {}:{} {}:{}", kind, a.size(), a, b.size(), b);
  };
  for (const LabelRule& rule : options.labels) add('l', rule.label, rule.match);
  for (const FrameRule& rule : options.frames) add('f', rule.match, rule.replace);
  return text;
}

}  // namespace

absl::Status CheckLabelName(std::string_view name) {
  const bool letters = !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
                       std::all_of(name.begin(), name.end(), [](unsigned char c) {
                         return absl::ascii_isalnum(c) || c == '_';
                       });
  if (!letters || name.size() > kMaxLabelValueBytes) {
    return InvalidArgument(
        "\"{:.80}\" is no name for a label: use letters, digits and '_', no digit first", name);
  }
  if (name == "site" || name.starts_with("__")) {
    return InvalidArgument(
        "the label name \"{}\" is taken: selectors use \"site\" and names that start with \"__\"",
        name);
  }
  return absl::OkStatus();
}

void AddLabel(std::string_view name, std::string_view value, storage::Labels* labels) {
  if (value.empty()) return;
  const auto it =
      std::lower_bound(labels->begin(), labels->end(), name,
                       [](const auto& label, std::string_view n) { return label.first < n; });
  if (it != labels->end() && it->first == name) return;
  labels->emplace(it, name, value);
}

std::string EntryPoint(std::string_view stack) {
  // Nothing before the tag may be a ';', and ".php" may start with one.
  const size_t first_frame = std::min(stack.find(';'), stack.size());
  const re2::StringPiece text = Piece(stack.substr(0, first_frame + 4));
  re2::StringPiece groups[2];
  if (!EntryPointPattern().Match(text, 0, text.size(), RE2::ANCHOR_START, groups, 2)) return "";
  return std::string(View(groups[1]));
}

Rules::Rules() : Rules(Make({}).value()) {}

Rules::Rules(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

absl::StatusOr<Rules> Rules::Make(const RuleOptions& options) {
  auto compiled = std::make_shared<Compiled>();
  compiled->entry_point = options.entry_point;
  for (const LabelRule& rule : options.labels) {
    Compiled::Label& label = compiled->labels.emplace_back();
    label.name = rule.label;
    FLAMEKEEP_ASSIGN_OR_RETURN(label.match, CompileLabel(rule, &label.group));
  }
  for (const FrameRule& rule : options.frames) {
    Compiled::Frame& frame = compiled->frames.emplace_back();
    frame.replace = rule.replace;
    FLAMEKEEP_ASSIGN_OR_RETURN(frame.match, CompileFrame(rule));
    for (const auto& [name, group] : frame.match->NamedCapturingGroups()) {
      frame.lifted.emplace_back(group, name);
    }
  }
  std::set<std::string_view> names;
  if (options.entry_point) names.insert(kEntryPointLabel);
  for (const Compiled::Label& label : compiled->labels) names.insert(label.name);
  for (const Compiled::Frame& frame : compiled->frames) {
    for (const auto& [group, label] : frame.lifted) names.insert(label);
  }
  if (names.size() > kMaxRuleLabels) {
    return InvalidArgument("the rules find {} different labels: let them find at most {}",
                           names.size(), kMaxRuleLabels);
  }
  const std::string canonical = Canonical(options);
  compiled->hash = std::max<uint64_t>(XXH3_64bits(canonical.data(), canonical.size()), 1);
  return Rules(std::shared_ptr<const Compiled>(std::move(compiled)));
}

uint64_t Rules::Hash() const { return compiled_->hash; }

bool Rules::has_frame_rules() const { return !compiled_->frames.empty(); }

void Rules::MatchLabels(std::string_view stack, storage::Labels* labels, bool* too_long) const {
  std::vector<re2::StringPiece> groups;
  for (const Compiled::Label& rule : compiled_->labels) {
    groups.assign(static_cast<size_t>(rule.group) + 1, {});
    if (rule.match->Match(Piece(stack), 0, stack.size(), RE2::UNANCHORED, groups.data(),
                          rule.group + 1)) {
      AddFoundLabel(rule.name, View(groups.back()), labels, too_long);
    }
  }
  if (compiled_->entry_point) {
    AddFoundLabel(kEntryPointLabel, EntryPoint(stack), labels, too_long);
  }
}

void Rules::RewriteFrame(std::string* frame, storage::Labels* labels, bool* too_long) const {
  std::vector<re2::StringPiece> groups;
  for (const Compiled::Frame& rule : compiled_->frames) {
    if (!rule.lifted.empty()) {
      groups.assign(static_cast<size_t>(rule.match->NumberOfCapturingGroups()) + 1, {});
      if (!rule.match->Match(*frame, 0, frame->size(), RE2::UNANCHORED, groups.data(),
                             static_cast<int>(groups.size()))) {
        continue;
      }
      for (const auto& [group, label] : rule.lifted) {
        AddFoundLabel(label, View(groups[static_cast<size_t>(group)]), labels, too_long);
      }
    }
    RE2::GlobalReplace(frame, *rule.match, rule.replace);
  }
}

}  // namespace flamekeep::ingest
