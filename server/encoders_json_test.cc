// Tests query/encoders.h with protobuf's JSON parser, which the folder query does without.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "query/encoders.h"
#include "query/fold.h"
#include "query/layout.h"
#include "query/pprof_testing.h"
#include "query/query_testing.h"

namespace flamekeep::query {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;
using testing::ElementsAre;
using testing::HasSubstr;

using Stacks = std::map<std::string, uint64_t>;  // "function@file;..." -> value

FlameGraph GraphOf(const TestTree& tree, const TestColumns& columns, const FoldOptions& options) {
  const auto view = tree.View();
  const auto folded = FoldColumns(columns.views(), view, options, Context());
  EXPECT_TRUE(folded.ok()) << folded.status();
  FlameGraph graph;
  graph.coverage.profile_type = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
  graph.coverage.unit = "nanoseconds";
  graph.coverage.covered = {absl::FromUnixSeconds(1'000'000'020),
                            absl::FromUnixSeconds(1'000'000'080)};
  const auto boxes = BoxesOf(folded->nodes, view, Context());
  EXPECT_TRUE(LayOut(*boxes, tree, Context(), 0, &graph).ok());
  graph.cut_nodes = folded->visited - folded->nodes.size();
  return graph;
}

Stacks NaiveStacks(const TestTree& tree, const TestColumns& columns) {
  Stacks stacks;
  for (const auto& [id, value] : columns.sums) {
    std::string path;
    for (const uint32_t frame : tree.Path(id)) {
      const storage::Frame name = tree.name(frame);
      path += fmt::format("{}{}@{}", path.empty() ? "" : ";", name.function, name.file);
    }
    stacks[path] += value;
  }
  return stacks;
}

std::string Pprof(const FlameGraph& graph) {
  std::string out;
  EXPECT_TRUE(WritePprof(graph, "why", Context(), [&](std::string_view piece) {
                out += piece;
                return absl::OkStatus();
              }).ok());
  return out;
}

using JsonWriter = absl::Status (*)(const FlameGraph&, std::string_view, const Context&,
                                    WritePiece);

std::string JsonText(JsonWriter writer, const FlameGraph& graph) {
  std::string out;
  EXPECT_TRUE(writer(graph, "the \"title\"", Context(), [&](std::string_view piece) {
                out += piece;
                return absl::OkStatus();
              }).ok());
  return out;
}

Struct Parse(const std::string& json) {
  Struct parsed;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &parsed);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << json;
  return parsed;
}

const Value& Field(const Struct& object, const std::string& name) {
  EXPECT_TRUE(object.fields().contains(name)) << name;
  return object.fields().at(name);
}

uint64_t Number(const ListValue& list, int i) {
  return static_cast<uint64_t>(list.values(i).number_value());
}

Stacks SpeedscopeStacks(const Struct& file) {
  std::vector<std::string> frames;
  for (const Value& frame :
       Field(Field(file, "shared").struct_value(), "frames").list_value().values()) {
    const Struct& fields = frame.struct_value();
    frames.push_back(
        Field(fields, "name").string_value() + "@" +
        (fields.fields().contains("file") ? Field(fields, "file").string_value() : ""));
  }
  const Struct& profile = Field(file, "profiles").list_value().values(0).struct_value();
  const ListValue& samples = Field(profile, "samples").list_value();
  const ListValue& weights = Field(profile, "weights").list_value();
  EXPECT_EQ(samples.values_size(), weights.values_size());
  Stacks stacks;
  for (int i = 0; i < samples.values_size(); ++i) {
    std::string path;
    const ListValue& sample = samples.values(i).list_value();
    for (int j = 0; j < sample.values_size(); ++j) {
      path += (j == 0 ? "" : ";") + frames.at(Number(sample, j));
    }
    stacks[path] += Number(weights, i);
  }
  return stacks;
}

// The boxes of a flamebearer as Text() of a graph writes them, files left out. A child lies within
// its parent.
std::string FlamebearerText(const Struct& file) {
  const Struct& flamebearer = Field(file, "flamebearer").struct_value();
  const ListValue& names = Field(flamebearer, "names").list_value();
  struct Drawn {
    uint64_t left, total;
    std::string line;
  };
  std::vector<std::vector<Drawn>> rows;
  for (const Value& level : Field(flamebearer, "levels").list_value().values()) {
    const ListValue& numbers = level.list_value();
    uint64_t at = 0;
    std::vector<Drawn>& row = rows.emplace_back();
    for (int i = 0; i < numbers.values_size(); i += 4) {
      const uint64_t left = at + Number(numbers, i);
      const uint64_t total = Number(numbers, i + 1);
      at = left + total;
      row.push_back(
          {left, total,
           fmt::format("{:{}}{} {} {}\n", "", rows.size() - 1,
                       names.values(static_cast<int>(Number(numbers, i + 3))).string_value(), total,
                       Number(numbers, i + 2))});
    }
  }
  std::string text;
  const std::function<void(size_t, uint64_t, uint64_t)> print = [&](size_t depth, uint64_t begin,
                                                                    uint64_t end) {
    if (depth == rows.size()) return;
    for (const Drawn& box : rows[depth]) {
      if (box.left < begin || box.left >= end) continue;
      text += box.line;
      print(depth + 1, box.left, box.left + box.total);
    }
  };
  print(0, 0, std::numeric_limits<uint64_t>::max());
  return text;
}

std::string TextWithoutFiles(const FlameGraph& graph) {
  std::string text;
  for (size_t i = 0; i < graph.size(); ++i) {
    text += fmt::format("{:{}}{} {} {}\n", "", graph.depth[i], graph.names[graph.name[i]],
                        graph.total[i], graph.self[i]);
  }
  return text;
}

TEST(EncodersTest, HoldWhatANaiveSumHolds) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const TestTree tree = TestTree::Random(static_cast<uint32_t>(1 + random() % 400),
                                           static_cast<uint32_t>(1 + random() % 30), random);
    TestColumns columns;
    for (int i = 0; i < 3; ++i) columns.Add(RandomValues(tree, random() % 100, 1000, random));
    const FlameGraph whole = GraphOf(tree, columns, {});
    const Stacks expected = NaiveStacks(tree, columns);

    const perftools::profiles::Profile profile = ReadPprof(Pprof(whole));
    Stacks stacks;
    for (const auto& sample : profile.sample()) {
      ASSERT_EQ(sample.value_size(), 1);
      stacks[PathOf(profile, sample)] += static_cast<uint64_t>(sample.value(0));
    }
    EXPECT_EQ(stacks, expected) << "seed " << seed;
    EXPECT_EQ(SpeedscopeStacks(Parse(JsonText(WriteSpeedscope, whole))), expected)
        << "seed " << seed;

    const FlameGraph cut = GraphOf(tree, columns, {.max_nodes = 1 + random() % 60});
    const Struct flamebearer = Parse(JsonText(WriteFlamebearer, cut));
    EXPECT_EQ(FlamebearerText(flamebearer), TextWithoutFiles(cut)) << "seed " << seed;
    const Struct& left_out = Field(flamebearer, "leftOut").struct_value();
    EXPECT_EQ(Field(left_out, "boxes").number_value(), static_cast<double>(cut.cut_nodes));
    EXPECT_EQ(Field(left_out, "total").number_value(), static_cast<double>(cut.cut_total));
  }
}

class EncodersOfOneStackTest : public testing::Test {
 protected:
  EncodersOfOneStackTest() {
    uint32_t node = 0;
    for (const char* name : {"main", "quote\" \\ \n\x01", "main"}) {
      node = tree_.AddNode(node, tree_.AddFrame(name, node == 0 ? "/a.php" : ""));
    }
    leaf_ = node;
  }

  TestTree tree_;
  uint32_t leaf_ = 0;
};

TEST_F(EncodersOfOneStackTest, PprofTellsTypesAndTimes) {
  TestColumns columns;
  columns.Add({{leaf_, 7}});
  FlameGraph graph = GraphOf(tree_, columns, {});
  perftools::profiles::Profile profile = ReadPprof(Pprof(graph));
  const auto text = [&](int64_t index) { return profile.string_table(static_cast<int>(index)); };
  ASSERT_EQ(profile.sample_type_size(), 1);
  EXPECT_EQ(text(profile.sample_type(0).type()), "cpu");
  EXPECT_EQ(text(profile.sample_type(0).unit()), "nanoseconds");
  EXPECT_EQ(text(profile.default_sample_type()), "cpu");
  EXPECT_EQ(text(profile.period_type().type()), "cpu");
  EXPECT_EQ(text(profile.period_type().unit()), "nanoseconds");
  EXPECT_EQ(profile.time_nanos(), 1'000'000'020'000'000'000);
  EXPECT_EQ(profile.duration_nanos(), 60'000'000'000);
  EXPECT_EQ(text(profile.comment(0)), "why");
  EXPECT_EQ(PathOf(profile, profile.sample(0)), "main@/a.php;quote\" \\ \n\x01@;main@");

  graph.coverage.profile_type = "excimer:samples:count::";
  profile = ReadPprof(Pprof(graph));
  EXPECT_FALSE(profile.has_period_type());
  EXPECT_EQ(text(profile.sample_type(0).unit()), "count");
}

TEST_F(EncodersOfOneStackTest, LargeNumbersAndTheEmptyStack) {
  TestColumns columns;
  columns.Add({{leaf_, UINT64_MAX - 5}, {0, 5}});
  const FlameGraph graph = GraphOf(tree_, columns, {});
  const perftools::profiles::Profile profile = ReadPprof(Pprof(graph));
  ASSERT_EQ(profile.sample_size(), 2);
  EXPECT_EQ(profile.sample(0).location_id_size(), 0);
  EXPECT_THAT(profile.sample(0).value(), ElementsAre(5));
  EXPECT_THAT(profile.sample(1).value(), ElementsAre(INT64_MAX));
  const std::string json = JsonText(WriteSpeedscope, graph);
  EXPECT_THAT(json, HasSubstr("\"samples\":[\n[],\n[1,2,0]]"));
  EXPECT_THAT(json, HasSubstr("\"weights\":[5,18446744073709551610]"));
  EXPECT_THAT(json, HasSubstr("\"endValue\":18446744073709551615"));
}

TEST_F(EncodersOfOneStackTest, UnitsAreThoseOfTheReader) {
  TestColumns columns;
  columns.Add({{leaf_, 7}});
  FlameGraph graph = GraphOf(tree_, columns, {});
  EXPECT_THAT(JsonText(WriteSpeedscope, graph), HasSubstr("\"unit\":\"nanoseconds\""));
  EXPECT_THAT(JsonText(WriteFlamebearer, graph),
              HasSubstr("\"sampleRate\":1000000000,\"units\":\"samples\""));
  graph.coverage.unit = "count";
  EXPECT_THAT(JsonText(WriteSpeedscope, graph), HasSubstr("\"unit\":\"none\""));
  EXPECT_THAT(JsonText(WriteFlamebearer, graph), HasSubstr("\"units\":\"objects\""));
  graph.coverage.unit = "%";
  EXPECT_THAT(JsonText(WriteFlamebearer, graph), HasSubstr("\"units\":\"%\""));
}

// A path that is deeper than any call stack, and a piece that does not fit its limit.
TEST(EncodersDepthTest, PathsMayBeVeryDeepAndNamesLong) {
  constexpr uint32_t kDepth = 200'000;
  TestTree tree;
  tree.AddFrame("f");
  tree.AddFrame(std::string(3 << 20, 'x'));
  uint32_t node = tree.AddNode(0, 2);
  for (uint32_t i = 0; i < kDepth; ++i) node = tree.AddNode(node, 1);
  TestColumns columns;
  columns.Add({{node, 1}});
  const FlameGraph graph = GraphOf(tree, columns, {});
  const perftools::profiles::Profile profile = ReadPprof(Pprof(graph));
  EXPECT_EQ(profile.sample(0).location_id_size(), static_cast<int>(kDepth) + 1);
  size_t bytes = 0;
  EXPECT_TRUE(WriteD3(graph, Context(), [&](std::string_view piece) {
                bytes += piece.size();
                EXPECT_LE(piece.size(), kMaxPieceBytes);
                return absl::OkStatus();
              }).ok());
  EXPECT_GT(bytes, size_t{3} << 20);
  EXPECT_THAT(JsonText(WriteFlamebearer, graph), HasSubstr("[0,1,1,"));
}

TEST(EncodersErrorTest, AnErrorOfTheReaderEndsThem) {
  TestTree tree;
  TestColumns columns;
  columns.Add({{tree.AddNode(0, tree.AddFrame("f")), 1}});
  const FlameGraph graph = GraphOf(tree, columns, {});
  const auto gone = [](std::string_view) { return absl::CancelledError("gone"); };
  EXPECT_EQ(WritePprof(graph, "", Context(), gone).message(), "gone");
  EXPECT_EQ(WriteSpeedscope(graph, "", Context(), gone).message(), "gone");
  EXPECT_EQ(WriteFlamebearer(graph, "", Context(), gone).message(), "gone");
  EXPECT_EQ(WriteD3(graph, Context(), gone).message(), "gone");
  Context cancelled;
  cancelled.cancelled = [] { return true; };
  const auto take = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_EQ(WritePprof(graph, "", cancelled, take).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(WriteSpeedscope(graph, "", cancelled, take).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(WriteFlamebearer(graph, "", cancelled, take).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(WriteD3(graph, cancelled, take).code(), absl::StatusCode::kCancelled);
}

TEST(EncodersErrorTest, TheMemoryOfAQueryBoundsThem) {
  std::mt19937_64 random(1);
  const TestTree tree = TestTree::Random(3000, 20, random);
  TestColumns columns;
  columns.Add(RandomValues(tree, 2000, 10, random));
  const FlameGraph graph = GraphOf(tree, columns, {});
  const Context small{.memory_bytes = 10'000};
  const auto take = [](std::string_view) { return absl::OkStatus(); };
  EXPECT_EQ(WritePprof(graph, "", small, take).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(WriteSpeedscope(graph, "", small, take).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(WriteFlamebearer(graph, "", small, take).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace flamekeep::query
