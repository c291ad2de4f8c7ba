#include "query/export.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/engine.h"
#include "query/query_testing.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Rows = std::map<std::string, uint64_t>;  // "frame@file;..." -> value

const absl::Time kExportBegin = absl::FromUnixSeconds(1'798'761'600 - 5 * 86'400);  // 2026-12-27

Rows RowsOf(const FlameGraph& graph) {
  Rows rows;
  std::vector<std::string> path;
  for (size_t box = 0; box < graph.size(); ++box) {
    path.resize(graph.depth[box]);
    path.push_back(graph.names[graph.name[box]] + "@" + graph.files[graph.file[box]]);
    if (graph.self[box] == 0) continue;
    rows[fmt::format("{}", fmt::join(path.begin() + 1, path.end(), ";"))] += graph.self[box];
  }
  return rows;
}

void AddRows(const Rows& rows, Rows* sum) {
  for (const auto& [stack, value] : rows) (*sum)[stack] += value;
}

// Writes down what it is given. Breaks off at a partition where it is told to.
class Notes final : public ExportSink {
 public:
  struct Column {
    std::string site;
    TimeRange bucket;
    Level level;
    Rows rows;
    std::string text;  // labels and the graph, in order
  };

  absl::StatusOr<bool> BeginPartition(const ExportPartition& partition) override {
    if (partitions.size() == fail_at) return absl::CancelledError("enough");
    partitions.push_back(partition);
    return wanted;
  }
  absl::Status AddColumn(const ExportColumn& column) override {
    std::string text;
    for (const auto& [name, value] : *column.labels) text += name + "=" + value + "\n";
    text += Text(*column.graph);
    columns.push_back({partitions.back().site, column.bucket, column.level, RowsOf(*column.graph),
                       std::move(text)});
    return absl::OkStatus();
  }
  absl::Status EndPartition(std::string_view at) override {
    cursor = std::string(at);
    return absl::OkStatus();
  }

  std::string Everything() const {
    std::string all;
    for (const Column& column : columns) {
      all += fmt::format("{} {} {} {}\n{}", column.site, absl::ToUnixSeconds(column.bucket.begin),
                         absl::ToUnixSeconds(column.bucket.end), storage::LevelName(column.level),
                         column.text);
    }
    return all;
  }
  std::vector<std::string> Versions() const {
    std::vector<std::string> versions;
    for (const ExportPartition& partition : partitions) versions.push_back(partition.version);
    return versions;
  }

  bool wanted = true;
  size_t fail_at = SIZE_MAX;
  std::vector<ExportPartition> partitions;
  std::vector<Column> columns;
  std::string cursor;
};

class ExportTest : public ::testing::Test {
 protected:
  absl::Status Run(const Selection& selection, Level level, Notes* notes,
                   std::string_view cursor = "") {
    FLAMEKEEP_ASSIGN_OR_RETURN(Exporter exporter,
                               engine_.OpenExport(selection, level, cursor, Context()));
    coverage_ = exporter.coverage();
    while (!exporter.done()) {
      FLAMEKEEP_RETURN_IF_ERROR(exporter.Next([] { return Context(); }, notes));
    }
    return absl::OkStatus();
  }

  Notes Run(const Selection& selection, Level level) {
    Notes notes;
    const absl::Status status = Run(selection, level, &notes);
    EXPECT_TRUE(status.ok()) << status;
    return notes;
  }

  static Selection Days(int begin, int end, std::string_view selector = "excimer") {
    return {std::string(selector), kExportBegin + absl::Hours(24 * begin),
            kExportBegin + absl::Hours(24 * end)};
  }

  // A sample of a series with a label, that is known to the minute.
  void AppendLabelled(absl::Time time, std::string_view entry_point, std::string_view stack) {
    storage::Batch batch;
    batch.source = *store_->InternSource({storage::SourceKind::kPubSub, "eqiad", "l", "n", 0});
    storage::Sample sample = store_.MakeSample(time, "excimer", stack, 1);
    sample.series = *store_->InternSeries(
        {"eqiad", "excimer:samples:count::", {{"entry_point", std::string(entry_point)}}});
    batch.samples = {sample};
    ASSERT_TRUE(store_->WaitDurable(*store_->Append(batch)).ok());
  }

  storage::TestDirectory directory_;
  storage::TestClock clock_{kExportBegin + absl::Hours(24 * 70)};
  storage::TestStore store_{[this] {
    storage::StoreOptions options = storage::TestOptions(directory_.path(), &clock_);
    options.retention.keep[0] = absl::Hours(24 * 60);
    options.retention.keep[1] = absl::Hours(24 * 65);
    options.site_retention["codfw"] = options.retention;
    options.site_retention["codfw"].keep[0] = absl::Hours(24 * 62);
    return options;
  }()};
  Engine engine_{&*store_};
  Coverage coverage_;
};

// What comes out adds up to the flame graph, bucket by bucket, whatever is kept, rolled up or late.
TEST_F(ExportTest, AddsUpToTheFlameGraph) {
  std::mt19937_64 random(11);
  // All at once: a sync for each takes time.
  std::map<std::pair<std::string, Level>, storage::Batch> batches;
  const auto add = [&] {
    const absl::Time time = kExportBegin + absl::Minutes(random() % (12 * 24 * 60));
    const Level level =
        random() % 8 == 0 ? (random() % 2 == 0 ? Level::kHour : Level::kDay) : Level::kMinute;
    std::string stack = "main";
    for (uint64_t depth = random() % 4; depth > 0; --depth)
      stack += fmt::format(";f{}", random() % 6);
    const std::string site = random() % 3 == 0 ? "codfw" : "eqiad";
    batches[{site, level}].samples.push_back(
        store_.MakeSample(time, "excimer", stack, 1 + random() % 9, site));
  };
  const auto append = [&] {
    for (auto& [key, batch] : batches) {
      batch.source =
          *store_->InternSource({storage::SourceKind::kPubSub, key.first, "test", "node", 0});
      batch.resolution = key.second;
      ASSERT_TRUE(store_->Append(batch).ok());
    }
    ASSERT_TRUE(store_->Flush().ok());
    batches.clear();
  };
  for (int i = 0; i < 250; ++i) add();
  append();
  for (int round = 0; round < 25; ++round) {
    if (random() % 3 == 0) {
      add();
      append();
    }
    if (random() % 4 == 0) {
      ASSERT_TRUE(store_->RunMaintenance(random() % 2 == 0).ok());
    }
    Selection selection = Days(static_cast<int>(random() % 4), static_cast<int>(5 + random() % 8));
    if (random() % 2 == 0) selection.begin += absl::Minutes(random() % 1440);
    if (random() % 2 == 0) selection.end -= absl::Minutes(random() % 1440);
    if (random() % 3 == 0) selection.selector = "excimer{site=\"eqiad\"}";
    if (random() % 4 == 0) selection.filter.keep = {{"f1", ""}};
    if (random() % 4 == 0) selection.filter.hide = {{"f2", ""}};
    const auto level = static_cast<Level>(random() % 3);
    const Notes notes = Run(selection, level);

    Rows sum;
    for (const Notes::Column& column : notes.columns) {
      AddRows(column.rows, &sum);
      EXPECT_GE(column.level, level);
      EXPECT_GE(column.bucket.begin, coverage_.covered.begin);
      EXPECT_LE(column.bucket.end, coverage_.covered.end);
      // The same of this bucket alone.
      Selection part = selection;
      part.selector = fmt::format("excimer{{site=\"{}\"}}", column.site);
      part.begin = column.bucket.begin;
      part.end = column.bucket.end;
      const auto graph = engine_.MakeWholeGraph(part, "test", Context());
      ASSERT_TRUE(graph.ok()) << graph.status();
      EXPECT_FALSE(graph->coverage.widened);
      EXPECT_EQ(column.rows, RowsOf(*graph));
    }
    for (size_t i = 1; i < notes.columns.size(); ++i) {
      const Notes::Column& before = notes.columns[i - 1];
      const Notes::Column& column = notes.columns[i];
      EXPECT_TRUE(before.site < column.site ||
                  (before.site == column.site && before.bucket.end <= column.bucket.begin));
    }
    const auto graph = engine_.MakeWholeGraph(selection, "test", Context());
    ASSERT_TRUE(graph.ok()) << graph.status();
    EXPECT_EQ(sum, RowsOf(*graph)) << "round " << round;
    EXPECT_EQ(graph->coverage.covered, coverage_.covered);
  }
}

TEST_F(ExportTest, GoesOnBehindACursor) {
  for (int day = 0; day < 6; ++day) {
    for (const char* site : {"eqiad", "codfw"}) {
      store_.Append(kExportBegin + absl::Hours(24 * day + 3), "excimer", fmt::format("a;f{}", day),
                    1, Level::kMinute, site);
    }
  }
  const Selection selection = Days(0, 6);
  const Notes whole = Run(selection, Level::kHour);
  ASSERT_EQ(whole.partitions.size(), 12u);
  for (size_t fail_at = 0; fail_at <= 12; ++fail_at) {
    Notes notes;
    notes.fail_at = fail_at;
    const absl::Status broken = Run(selection, Level::kHour, &notes);
    EXPECT_EQ(broken.ok(), fail_at == 12);
    notes.fail_at = SIZE_MAX;
    const std::string cursor = notes.cursor;
    ASSERT_TRUE(Run(selection, Level::kHour, &notes, cursor).ok()) << cursor;
    EXPECT_EQ(notes.Everything(), whole.Everything()) << fail_at;
  }
  Notes none;
  for (const char* cursor : {"x", "1:eqiad", "99999999999:eqiad", ":", "29800000:nowhere"}) {
    const absl::Status status = Run(selection, Level::kHour, &none, cursor);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << cursor;
    EXPECT_THAT(status.message(), HasSubstr("cursor"));
  }
}

TEST_F(ExportTest, VersionsTellTheContentAndNothingElse) {
  for (int i = 0; i < 40; ++i) {
    store_.Append(kExportBegin + absl::Minutes(97 * i), "excimer", fmt::format("a;f{}", i % 7), 1);
  }
  const Selection selection = Days(0, 3);
  const Notes before = Run(selection, Level::kHour);
  ASSERT_EQ(before.partitions.size(), 3u);
  ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok());
  const Notes rolled = Run(selection, Level::kHour);
  EXPECT_EQ(rolled.Versions(), before.Versions());
  EXPECT_EQ(rolled.Everything(), before.Everything());
  // The same sums of the day, in other hours.
  EXPECT_NE(Run(selection, Level::kDay).Versions(), before.Versions());
  Selection filtered = selection;
  filtered.filter.drop = {{"f1", ""}};
  EXPECT_NE(Run(filtered, Level::kHour).Versions().front(), before.Versions().front());
  store_.Append(kExportBegin + absl::Hours(30), "excimer", "a;late", 1);
  const std::vector<std::string> after = Run(selection, Level::kHour).Versions();
  EXPECT_EQ(after[0], before.Versions()[0]);
  EXPECT_NE(after[1], before.Versions()[1]);
  EXPECT_EQ(after[2], before.Versions()[2]);

  Notes unwanted;
  unwanted.wanted = false;
  ASSERT_TRUE(Run(selection, Level::kHour, &unwanted).ok());
  EXPECT_EQ(unwanted.Versions(), after);
  EXPECT_THAT(unwanted.columns, IsEmpty());
}

TEST_F(ExportTest, SeriesStandInTheOrderOfTheirLabels) {
  for (const char* entry_point : {"rest", "api", "index"}) {
    AppendLabelled(kExportBegin + absl::Hours(1), entry_point, fmt::format("{};b", entry_point));
  }
  const Notes notes = Run(Days(0, 1), Level::kDay);
  EXPECT_EQ(notes.Everything(),
            "eqiad 1798329600 1798416000 day\nentry_point=api\nall@ 1 0\n api@ 1 0\n  b@ 1 1\n"
            "eqiad 1798329600 1798416000 day\nentry_point=index\nall@ 1 0\n index@ 1 0\n  b@ 1 1\n"
            "eqiad 1798329600 1798416000 day\nentry_point=rest\nall@ 1 0\n rest@ 1 0\n  b@ 1 1\n");
  EXPECT_EQ(Run(Days(0, 1, "excimer{entry_point=\"api\"}"), Level::kDay).columns.size(), 1u);
}

TEST_F(ExportTest, BucketsAreCutToTheRangeAndCoarserWhereTheyMustBe) {
  store_.Append(kExportBegin + absl::Hours(1), "excimer", "a", 1);
  store_.Append(kExportBegin + absl::Hours(30), "excimer", "b", 1, Level::kDay);
  store_.Append(kExportBegin + absl::Hours(54), "excimer", "c", 1, Level::kMonth);
  Selection selection = Days(0, 4);
  // All of the month, as a part of it can not be told.
  const Notes month = Run(selection, Level::kMinute);
  EXPECT_EQ(coverage_.covered.begin, absl::FromUnixSeconds(1'796'083'200));  // 2026-12-01
  ASSERT_EQ(month.columns.size(), 1u);
  EXPECT_EQ(month.columns[0].level, Level::kMonth);
  EXPECT_THAT(month.columns[0].rows,
              ElementsAre(testing::Pair("a@", 1), testing::Pair("b@", 1), testing::Pair("c@", 1)));
}

TEST_F(ExportTest, CutsBucketsAtTheEdges) {
  const absl::Time day = kExportBegin + absl::Hours(24 * 20);  // whose minutes are kept
  store_.Append(day + absl::Hours(1), "excimer", "a", 1);
  store_.Append(day + absl::Hours(30), "excimer", "b", 1, Level::kDay);
  Selection selection = Days(20, 22);
  selection.begin += absl::Minutes(30);
  const Notes notes = Run(selection, Level::kHour);
  ASSERT_EQ(notes.columns.size(), 2u);
  EXPECT_EQ(notes.columns[0].bucket, (TimeRange{day + absl::Hours(1), day + absl::Hours(2)}));
  EXPECT_EQ(notes.columns[1].level, Level::kDay);
  selection.begin += absl::Minutes(30);
  selection.end = selection.begin + absl::Minutes(15);
  const Notes cut = Run(selection, Level::kHour);
  ASSERT_EQ(cut.columns.size(), 1u);
  EXPECT_EQ(cut.columns[0].bucket, (TimeRange{selection.begin, selection.end}));
}

TEST_F(ExportTest, BadQuestionsAndEnds) {
  store_.Append(kExportBegin, "excimer", "a", 1);
  Notes notes;
  EXPECT_EQ(Run(Days(0, 1), Level::kMonth, &notes).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Run(Days(0, 1, "nothing"), Level::kDay, &notes).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Run(Days(1, 0), Level::kDay, &notes).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Run(Days(5, 9), Level::kDay, &notes).ok());
  EXPECT_THAT(notes.partitions, IsEmpty());

  auto exporter = engine_.OpenExport(Days(0, 1), Level::kMinute, "", Context());
  ASSERT_TRUE(exporter.ok());
  const auto cancelled = [] { return Context{.cancelled = [] { return true; }}; };
  EXPECT_EQ(exporter->Next(cancelled, &notes).code(), absl::StatusCode::kCancelled);
  const auto small = [] { return Context{.memory_bytes = 100}; };
  EXPECT_EQ(exporter->Next(small, &notes).code(), absl::StatusCode::kResourceExhausted);
}

// Minutes that retention gives up between two partitions of an export, and the day they are in.
TEST_F(ExportTest, ATornDayIsNoticed) {
  store_.Append(kExportBegin + absl::Hours(1), "excimer", "a", 1);
  store_.Append(kExportBegin + absl::Hours(25), "excimer", "b", 1);
  Selection selection = Days(0, 2);
  auto exporter = engine_.OpenExport(selection, Level::kMinute, "", Context());
  ASSERT_TRUE(exporter.ok());
  Notes notes;
  ASSERT_TRUE(exporter->Next([] { return Context(); }, &notes).ok());
  // What came late is known to its month only.
  store_.Append(kExportBegin + absl::Hours(26), "excimer", "c", 1, Level::kMonth);
  const absl::Status status = exporter->Next([] { return Context(); }, &notes);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
}

}  // namespace
}  // namespace flamekeep::query
