#include "ingest/relabel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/label_key.h"

namespace flamekeep::ingest {
namespace {

using storage::Labels;
using testing::HasSubstr;
using Action = RelabelRule::Action;
using Unnamed = Relabel::Unnamed;

RelabelRule Keep(std::string label) { return {Action::kKeep, std::move(label), ""}; }
RelabelRule Drop(std::string label) { return {Action::kDrop, std::move(label), ""}; }
RelabelRule Rename(std::string label, std::string to) {
  return {Action::kRename, std::move(label), std::move(to)};
}
RelabelRule Hash(std::string label, std::string to = "") {
  return {Action::kHash, std::move(label), std::move(to)};
}

const LabelKey& Key() {
  static const LabelKey* const kKey =
      LabelKey::From("0123456789abcdef0123456789abcdef").value().release();
  return *kKey;
}

Labels Apply(const RelabelRules& rules, const std::vector<std::pair<std::string, std::string>>& in,
             Unnamed unnamed = Unnamed::kKept, const LabelKey* key = &Key()) {
  const absl::StatusOr<Relabel> relabel = Relabel::Make(rules);
  EXPECT_TRUE(relabel.ok()) << relabel.status();
  RelabelledLabels labels;
  for (const auto& [name, value] : in) relabel->Add(name, value, unnamed, &labels);
  uint8_t flags = 0;
  return labels.Seal(key, &flags);
}

std::string ErrorOf(const RelabelRules& rules) { return Message(Relabel::Make(rules).status()); }

TEST(RelabelTest, Cases) {
  struct Case {
    const char* what;
    RelabelRules rules;
    std::vector<std::pair<std::string, std::string>> in;
    Labels lines;     // of lines
    Labels profiles;  // of profiles
  };
  const Case cases[] = {
      {"no rules", {}, {{"a", "1"}}, {{"a", "1"}}, {}},
      {"keep", {Keep("a")}, {{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "2"}}, {{"a", "1"}}},
      {"drop", {Drop("a")}, {{"a", "1"}, {"b", "2"}}, {{"b", "2"}}, {}},
      {"rename",
       {Rename("k8s.pod.name", "pod")},
       {{"k8s.pod.name", "1"}},
       {{"pod", "1"}},
       {{"pod", "1"}}},
      {"names as they are stored", {Keep("a.b")}, {{"a_b", "1"}}, {{"a_b", "1"}}, {{"a_b", "1"}}},
      {"the first rule decides",
       {Drop("a"), Keep("*")},
       {{"a", "1"}, {"b", "2"}},
       {{"b", "2"}},
       {{"b", "2"}}},
      {"drop the rest",
       {Keep("a"), Drop("*")},
       {{"a", "1"}, {"b", "2"}},
       {{"a", "1"}},
       {{"a", "1"}}},
      {"two become one: that of the earlier rule",
       {Rename("b", "x"), Rename("a", "x")},
       {{"a", "1"}, {"b", "2"}},
       {{"x", "2"}},
       {{"x", "2"}}},
      {"whatever their order",
       {Rename("b", "x"), Rename("a", "x")},
       {{"b", "2"}, {"a", "1"}},
       {{"x", "2"}},
       {{"x", "2"}}},
      {"a rule before none",
       {Rename("a", "x")},
       {{"x", "2"}, {"a", "1"}},
       {{"x", "1"}},
       {{"x", "1"}}},
      {"the first of one name",
       {Keep("*")},
       {{"a.b", "1"}, {"a_b", "2"}},
       {{"a_b", "1"}},
       {{"a_b", "1"}}},
      {"an empty value is none", {Keep("a")}, {{"a", ""}}, {}, {}},
      {"names that are taken", {Keep("*")}, {{"site", "1"}, {"__x__", "2"}, {"", "3"}}, {}, {}},
      {"a swap",
       {Rename("a", "b"), Rename("b", "a")},
       {{"a", "1"}, {"b", "2"}},
       {{"a", "2"}, {"b", "1"}},
       {{"a", "2"}, {"b", "1"}}},
      {"unreadable bytes", {Keep("a")}, {{"a", "\xff"}}, {{"a", "\\xFF"}}, {{"a", "\\xFF"}}},
      {"hash",
       {Hash("user.id", "user")},
       {{"user.id", "ann"}},
       {{"user", Key().Hash("user", "ann")}},
       {{"user", Key().Hash("user", "ann")}}},
      {"hash all",
       {Hash("*")},
       {{"a", "1"}},
       {{"a", Key().Hash("a", "1")}},
       {{"a", Key().Hash("a", "1")}}},
      {"long values",
       {Keep("a"), Hash("b")},
       {{"a", std::string(257, 'x')}, {"b", std::string(257, 'x')}},
       {{"b", Key().Hash("b", std::string(257, 'x'))}},
       {{"b", Key().Hash("b", std::string(257, 'x'))}}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Apply(c.rules, c.in, Unnamed::kKept), c.lines) << c.what;
    EXPECT_EQ(Apply(c.rules, c.in, Unnamed::kDropped), c.profiles) << c.what;
  }
}

TEST(RelabelTest, TellsWhatBecameOfALabel) {
  const Relabel relabel = *Relabel::Make({Keep("a"), Drop("b"), Hash("c")});
  RelabelledLabels labels;
  EXPECT_EQ(relabel.Add("a", "1", Unnamed::kDropped, &labels), Relabel::Fate::kKept);
  EXPECT_EQ(relabel.Add("b", "1", Unnamed::kDropped, &labels), Relabel::Fate::kDropped);
  EXPECT_EQ(relabel.Add("x", "1", Unnamed::kDropped, &labels), Relabel::Fate::kNotNamed);
  EXPECT_EQ(relabel.Add("x", "1", Unnamed::kKept, &labels), Relabel::Fate::kKept);
  EXPECT_EQ(relabel.Add("a", std::string(257, 'x'), Unnamed::kKept, &labels),
            Relabel::Fate::kTooLong);
  EXPECT_TRUE(relabel.Keeps("a"));
  EXPECT_TRUE(relabel.Keeps("c"));
  EXPECT_FALSE(relabel.Keeps("b"));
  EXPECT_FALSE(relabel.Keeps("x"));
  for (int i = 0; i < 200; ++i) {
    relabel.Add("y" + std::to_string(i), "1", Unnamed::kKept, &labels);
  }
  EXPECT_EQ(labels.size(), kMaxRelabelled);
  EXPECT_EQ(relabel.Add("z", "1", Unnamed::kKept, &labels), Relabel::Fate::kTooMany);
}

TEST(RelabelTest, WithoutAKeyALabelThatIsToBeHashedIsLeftOut) {
  const Relabel relabel = *Relabel::Make({Hash("user")});
  const RelabelledLabels labels = relabel.Of({{"a", "1"}, {"user", "ann"}});
  EXPECT_TRUE(labels.hashed());
  uint8_t flags = 0;
  EXPECT_EQ(labels.Seal(nullptr, &flags), (Labels{{"a", "1"}}));
  EXPECT_EQ(flags, kLabelUnhashed);
  flags = 0;
  EXPECT_EQ(labels.Seal(&Key(), &flags).size(), 2u);
  EXPECT_EQ(flags, 0);
}

TEST(RelabelTest, ListsStandOneBehindTheOther) {
  const RelabelRules lists[] = {{Keep("a"), Rename("b", "x")}, {Drop("a"), Drop("b"), Hash("c")}};
  const Relabel relabel = *Relabel::Make(lists);
  EXPECT_TRUE(relabel.hashes());
  uint8_t flags = 0;
  EXPECT_EQ(relabel.Of({{"a", "1"}, {"b", "2"}, {"c", "3"}}).Seal(nullptr, &flags),
            (Labels{{"a", "1"}, {"x", "2"}}));
  // Behind "*" nothing is left to decide.
  const RelabelRules closed[] = {{Drop("*")}, {Keep("a"), Hash("c")}};
  EXPECT_FALSE(Relabel::Make(closed)->hashes());
  EXPECT_EQ(Relabel::Make(closed)->Of({{"a", "1"}}).size(), 0u);
}

TEST(RelabelTest, TheHashTellsRulesApart) {
  EXPECT_EQ(Relabel().Hash(), 0u);
  EXPECT_EQ(Relabel::Make(RelabelRules{})->Hash(), 0u);
  const uint64_t one = Relabel::Make({Keep("a"), Drop("b")})->Hash();
  EXPECT_EQ(one, Relabel::Make({Keep("a"), Drop("b")})->Hash());
  EXPECT_NE(one, Relabel::Make({Drop("b"), Keep("a")})->Hash());
  EXPECT_NE(one, Relabel::Make({Keep("a"), Hash("b")})->Hash());
  // Scopes differ where the same labels become others.
  const Relabel plain = *Relabel::Make({Drop("a")});
  const Relabel hashing = *Relabel::Make({Hash("a")});
  const std::shared_ptr<const LabelKey> key = *LabelKey::Random();
  const std::shared_ptr<const LabelKey> other = *LabelKey::Random();
  EXPECT_EQ(Relabel().Scope(key).id, 0u);
  EXPECT_EQ(plain.Scope(key).id, plain.Scope(nullptr).id);
  EXPECT_NE(plain.Scope(nullptr).id, 0u);
  EXPECT_NE(hashing.Scope(key).id, hashing.Scope(other).id);
  EXPECT_NE(hashing.Scope(key).id, hashing.Scope(nullptr).id);
  EXPECT_EQ(hashing.Scope(key).id, hashing.Scope(key).id);
}

TEST(RelabelTest, RulesThatCanNotBe) {
  EXPECT_THAT(ErrorOf({Keep("")}), HasSubstr("names no label"));
  EXPECT_THAT(ErrorOf({Keep("a"), Drop("a")}), HasSubstr("two rules name the label \"a\""));
  EXPECT_THAT(ErrorOf({Keep("a.b"), Drop("a_b")}), HasSubstr("two rules name"));
  EXPECT_THAT(ErrorOf({Drop("*"), Keep("a")}), HasSubstr("stands behind one for \"*\""));
  EXPECT_THAT(ErrorOf({Rename("*", "a")}), HasSubstr("stands for all labels"));
  EXPECT_THAT(ErrorOf({Hash("*", "a")}), HasSubstr("stands for all labels"));
  EXPECT_THAT(ErrorOf({Rename("a", "")}), HasSubstr("add `to: NAME`"));
  EXPECT_THAT(ErrorOf({Rename("a", "site")}), HasSubstr("\"site\" is taken"));
  EXPECT_THAT(ErrorOf({Hash("site")}), HasSubstr("\"site\" is taken"));
  EXPECT_THAT(ErrorOf({{Action::kKeep, "a", "b"}}), HasSubstr("leave `to` out"));
  EXPECT_THAT(ErrorOf(RelabelRules(kMaxRelabelRules + 1, Keep("a"))), HasSubstr("at most 1000"));
}

// Rules one by one, label by label.
Labels Naive(const RelabelRules& rules, const std::vector<std::pair<std::string, std::string>>& in,
             Unnamed unnamed) {
  std::map<std::string, std::pair<size_t, std::string>> out;
  for (const auto& [name, value] : in) {
    size_t rank = 0;
    while (rank < rules.size() && rules[rank].label != "*" && rules[rank].label != name) ++rank;
    std::string to = name;
    std::string shown = value;
    if (rank == rules.size()) {
      if (unnamed == Unnamed::kDropped) continue;
    } else {
      if (rules[rank].action == Action::kDrop) continue;
      if (!rules[rank].to.empty()) to = rules[rank].to;
      if (rules[rank].action == Action::kHash) shown = Key().Hash(to, value);
    }
    const auto it = out.find(to);
    if (it == out.end() || rank < it->second.first) out[to] = {rank, shown};
  }
  Labels labels;
  for (const auto& [name, ranked] : out) labels.emplace_back(name, ranked.second);
  return labels;
}

TEST(RelabelTest, AgreesWithANaiveReading) {
  std::mt19937_64 random(20261130);
  const auto name = [&] { return std::string(1, static_cast<char>('a' + random() % 6)); };
  for (int round = 0; round < 5000; ++round) {
    RelabelRules rules;
    for (size_t i = random() % 6; i > 0; --i) {
      RelabelRule rule{static_cast<Action>(random() % 4), name(), ""};
      if (rule.action == Action::kRename || (rule.action == Action::kHash && random() % 2 == 0)) {
        rule.to = name();
      }
      rules.push_back(rule);
      if (!Relabel::Make(rules).ok()) rules.pop_back();  // named before
    }
    if (random() % 3 == 0) {
      rules.push_back({random() % 2 == 0 ? Action::kDrop : Action::kHash, "*", ""});
    }
    std::vector<std::pair<std::string, std::string>> in;
    for (size_t i = random() % 7; i > 0; --i) in.emplace_back(name(), std::to_string(i));
    for (const Unnamed unnamed : {Unnamed::kKept, Unnamed::kDropped}) {
      ASSERT_EQ(Apply(rules, in, unnamed), Naive(rules, in, unnamed)) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace flamekeep::ingest
