// The decoding rules: how labels are lifted out of lines and frames, and how frames are rewritten.
//
// For each stack, in this order:
//   1. Label rules look at the stack as received (readable text, without the count). For each
//      label the first rule that matches sets it. `entry_point` is what Arc Lamp calls a tag:
//      Python's re.match(r'(?:[^;]+/)*(\w+).php', stack); no match, no label.
//   2. Frame rules rewrite each frame, root first, rule after rule, every match in it. A named
//   group
//      becomes a label unless an earlier frame, an earlier rule or a label rule has set it. A frame
//      that becomes empty is left out.
//
//   RuleOptions options;
//   options.frames = {{"/php-(?P<version>[^/]+)/", "/php/"}};
//   absl::StatusOr<Rules> rules = Rules::Make(options);
//
// Rules only depend on a stack, never on its time, site or source: results are cached by stack.
//
// Thread safety: const methods may be called from several threads. Copies share the compiled rules.
#ifndef FLAMEKEEP_INGEST_RULES_H_
#define FLAMEKEEP_INGEST_RULES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/registry.h"

namespace flamekeep::ingest {

struct LabelRule {
  std::string label;
  std::string match;  // RE2; the group of the label's name, else the first group, is the value
};

struct FrameRule {
  std::string match;    // RE2, searched anywhere in the frame
  std::string replace;  // RE2's syntax: \1 is the first group, \\ a backslash
};

struct RuleOptions {
  bool entry_point = true;  // the built-in rule, after `labels`
  std::vector<LabelRule> labels;
  std::vector<FrameRule> frames;
};

inline constexpr size_t kMaxLabelValueBytes = 256;  // a longer value is as good as none
inline constexpr size_t kMaxRuleLabels = 64;        // different ones, of all rules

// Whether a label may have this name: [A-Za-z_][A-Za-z0-9_]*, not "site" and not starting with
// "__", which selectors use. Errors: INVALID_ARGUMENT.
absl::Status CheckLabelName(std::string_view name);

// Sets a label unless it is set already. `labels` stays sorted.
void AddLabel(std::string_view name, std::string_view value, storage::Labels* labels);

class Rules {
 public:
  Rules();  // only entry_point

  // Errors: INVALID_ARGUMENT, one sentence that shows the rule and what is wrong with it.
  static absl::StatusOr<Rules> Make(const RuleOptions& options);

  // Of everything that decides what a line becomes, this code's version included; never 0. Part of
  // the identity of live sources.
  uint64_t Hash() const;

  // Adds the labels of a readable stack. `*too_long` is set where a value was left out for its
  // length.
  void MatchLabels(std::string_view stack, storage::Labels* labels, bool* too_long) const;

  bool has_frame_rules() const;
  // Rewrites a readable frame; adds the labels that it sets.
  void RewriteFrame(std::string* frame, storage::Labels* labels, bool* too_long) const;

 private:
  struct Compiled;
  explicit Rules(std::shared_ptr<const Compiled> compiled);
  std::shared_ptr<const Compiled> compiled_;
};

// Arc Lamp's tag of a stack; empty where there is none.
std::string EntryPoint(std::string_view stack);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_RULES_H_
