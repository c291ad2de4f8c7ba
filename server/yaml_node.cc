#include "server/yaml_node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>
#include <utility>

#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server::yaml {

namespace {

// Builds the tree from yaml-cpp's events. (Its own tree, YAML::Node, loops for ever on
// "&a [*a, *b".)
class Builder final : public YAML::EventHandler {
 public:
  int documents() const { return documents_; }
  Node TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override { ++documents_; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Add(Node::Kind::kNull, mark, {}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases (*name) are not taken, write the value itself");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    Add(Node::Kind::kScalar, mark, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open_.push_back({.kind = Node::Kind::kList, .line = mark.line + 1});
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open_.push_back({.kind = Node::Kind::kMap, .line = mark.line + 1});
  }
  void OnMapEnd() override { Close(); }

 private:
  void Add(Node::Kind kind, const YAML::Mark& mark, const std::string& scalar) {
    Attach({.kind = kind, .line = mark.line + 1, .scalar = scalar});
  }

  void Close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    Attach(std::move(node));
  }

  void Attach(Node node) {
    (open_.empty() ? root_ : open_.back().items.emplace_back()) = std::move(node);
  }

  int documents_ = 0;
  Node root_;
  std::vector<Node> open_;  // lists and maps that have not ended, outermost first
};

}  // namespace

absl::StatusOr<Node> ParseYaml(std::string_view text, std::string_view file) {
  // yaml-cpp reports by exception; they end here.
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
      if (builder.documents() > 1) {
        return InvalidArgument("{}: holds more than one YAML document: remove the lines \"---\"",
                               file);
      }
    }
    Node root = builder.TakeRoot();
    if (root.kind == Node::Kind::kNull) root.kind = Node::Kind::kMap;
    return root;
  } catch (const YAML::Exception& error) {
    return InvalidArgument("{}:{}: this is not YAML: {} (column {})", file, error.mark.line + 1,
                           Shorten(error.msg, 200), error.mark.column + 1);
  }
}

}  // namespace flamekeep::server::yaml
