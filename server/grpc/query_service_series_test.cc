// The methods of QueryService that show samples over time, and what can be asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class QueryServiceSeriesTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    ASSERT_TRUE(Push(Folded("client"), 1, "/srv/w/index.php;parse 3\n/srv/w/api.php;load;parse 1\n")
                    .first.ok());
  }

  grpc::Status Series(const v1::SeriesRequest& request) {
    grpc::ClientContext context;
    series_.Clear();
    return query_->Series(&context, request, &series_);
  }

  grpc::Status HeatMap(const v1::HeatMapRequest& request) {
    grpc::ClientContext context;
    map_.Clear();
    return query_->HeatMap(&context, request, &map_);
  }

  v1::SeriesResponse series_;
  v1::HeatMapResponse map_;
};

TEST_F(QueryServiceSeriesTest, PointsAndGroups) {
  v1::SeriesRequest request;
  *request.mutable_selection() = LastHour();
  request.mutable_step()->set_unit(v1::LEVEL_MINUTE);
  request.add_by("site");
  request.add_by("entry_point");
  request.mutable_function()->set_function("parse");
  grpc::Status status = Series(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(series_.coverage().total(), 4u);
  EXPECT_EQ(series_.coverage().version().size(), 32u);
  EXPECT_EQ(series_.step().count(), 1u);
  ASSERT_EQ(series_.edges_size(), 62);
  EXPECT_EQ(series_.wide_points(), 0u);
  ASSERT_EQ(series_.groups_size(), 2);
  const v1::SeriesGroup& index = series_.groups(0);
  EXPECT_THAT(index.labels(), ElementsAre("eqiad", "index"));
  EXPECT_EQ(index.total(), 3u);
  EXPECT_EQ(index.all_observations(), 1u);
  EXPECT_EQ(index.value(), 3u);
  EXPECT_EQ(index.self(), 3u);
  ASSERT_EQ(index.totals_size(), 61);
  const int point = 50;  // ten minutes ago
  EXPECT_EQ(series_.edges(point).seconds(), absl::ToUnixSeconds(Now() - absl::Minutes(10)));
  EXPECT_EQ(index.totals(point), 3u);
  EXPECT_EQ(index.observations(point), 1u);
  EXPECT_EQ(index.values(point), 3u);
  EXPECT_EQ(index.selfs(point), 3u);
  EXPECT_FALSE(series_.has_rest());
  EXPECT_GT(series_.stats().columns(), 0u);

  const v1::SeriesResponse first = series_;
  ASSERT_TRUE(Series(request).ok());
  EXPECT_EQ(series_.stats().columns(), 0u);  // was kept
  series_.clear_stats();
  v1::SeriesResponse expected = first;
  expected.clear_stats();
  EXPECT_EQ(series_.SerializeAsString(), expected.SerializeAsString());

  request.set_max_groups(1);
  ASSERT_TRUE(Series(request).ok());
  ASSERT_EQ(series_.groups_size(), 1);
  EXPECT_EQ(series_.groups_left_out(), 1u);
  EXPECT_EQ(series_.rest().total(), 1u);
  EXPECT_THAT(series_.rest().labels(), ElementsAre());
}

TEST_F(QueryServiceSeriesTest, TotalsNeedNoFunction) {
  v1::SeriesRequest request;
  *request.mutable_selection() = LastHour();
  request.set_max_points(1);
  const grpc::Status status = Series(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(series_.groups_size(), 1);
  EXPECT_EQ(series_.groups(0).total(), 4u);
  EXPECT_EQ(series_.groups(0).values_size(), 0);
  EXPECT_EQ(series_.groups(0).selfs_size(), 0);
  EXPECT_EQ(series_.stats().nodes(), 0u);  // no stack was read
}

TEST_F(QueryServiceSeriesTest, HeatMapHasCellsForDaysAndHours) {
  v1::HeatMapRequest request;
  *request.mutable_selection() = LastHour();
  request.mutable_function()->mutable_matcher()->set_function("^load");
  const grpc::Status status = HeatMap(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const int days = map_.days().states_size();
  ASSERT_GE(days, 1);
  ASSERT_EQ(map_.hours().states_size(), 24 * days);
  EXPECT_EQ(map_.first_day().seconds() % (24 * 60 * 60), 0);
  uint64_t total = 0;
  uint64_t value = 0;
  int known = 0;
  for (int hour = 0; hour < 24 * days; ++hour) {
    total += map_.hours().totals(hour);
    value += map_.hours().values(hour);
    EXPECT_EQ(map_.hours().selfs(hour), 0u);
    EXPECT_NE(map_.hours().states(hour), v1::HeatCells::STATE_UNKNOWN);
    if (map_.hours().states(hour) == v1::HeatCells::STATE_KNOWN) ++known;
  }
  EXPECT_EQ(total, 4u);
  EXPECT_EQ(value, 1u);
  EXPECT_EQ(map_.unknown_hours(), 0u);
  // 61 minutes lie in two or three of them.
  EXPECT_THAT(known, testing::AnyOf(2, 3));
}

TEST_F(QueryServiceSeriesTest, ListsWhatCanBeAskedFor) {
  v1::OpenSource other = Folded("other", "codfw");
  other.set_profile_type("cpu:cpu:nanoseconds::");
  ASSERT_TRUE(Push(other, 1, "a 1\n").first.ok());
  {
    grpc::ClientContext context;
    v1::ListProfileTypesResponse types;
    ASSERT_TRUE(query_->ListProfileTypes(&context, {}, &types).ok());
    ASSERT_EQ(types.profile_types_size(), 2);
    EXPECT_EQ(types.profile_types(0).id(), "cpu:cpu:nanoseconds::");
    EXPECT_EQ(types.profile_types(0).name(), "cpu");
    EXPECT_EQ(types.profile_types(0).unit(), "nanoseconds");
    EXPECT_EQ(types.profile_types(1).series(), 2u);
  }
  {
    grpc::ClientContext context;
    v1::ListLabelsResponse labels;
    ASSERT_TRUE(query_->ListLabels(&context, {}, &labels).ok());
    ASSERT_EQ(labels.labels_size(), 2);
    EXPECT_EQ(labels.labels(0).name(), "entry_point");
    EXPECT_EQ(labels.labels(0).values(), 2u);
    EXPECT_EQ(labels.labels(1).name(), "site");
    EXPECT_EQ(labels.labels(1).series(), 3u);
  }
  v1::ListLabelValuesRequest request;
  request.set_label("site");
  request.set_selector("excimer-wall{entry_point=\"api\"}");
  {
    grpc::ClientContext context;
    v1::ListLabelValuesResponse values;
    ASSERT_TRUE(query_->ListLabelValues(&context, request, &values).ok());
    ASSERT_EQ(values.values_size(), 1);
    EXPECT_EQ(values.values(0).value(), "eqiad");
    EXPECT_EQ(values.values(0).series(), 1u);
    EXPECT_EQ(values.left_out(), 0u);
  }
  request.clear_label();
  grpc::ClientContext context;
  v1::ListLabelValuesResponse values;
  const grpc::Status status = query_->ListLabelValues(&context, request, &values);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("`label` is empty"));
}

TEST_F(QueryServiceSeriesTest, BadQuestionsGetAnAnswerThatHelps) {
  const auto refused = [&](const v1::SeriesRequest& request, const std::string& words) {
    const grpc::Status status = Series(request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(words));
  };
  v1::SeriesRequest good;
  *good.mutable_selection() = LastHour();
  v1::SeriesRequest bad = good;
  bad.mutable_step()->set_count(5);
  refused(bad, "`step.unit` is not set");
  bad.mutable_step()->set_unit(static_cast<v1::Level>(77));
  refused(bad, "77");
  bad = good;
  bad.mutable_function();
  refused(bad, "a name, or a matcher");
  bad.mutable_function()->set_function("a");
  bad.mutable_function()->mutable_matcher()->set_function("b");
  refused(bad, "a name, or a matcher");
  bad = good;
  bad.mutable_function()->mutable_matcher();
  refused(bad, "without an expression");
  bad.mutable_function()->mutable_matcher()->set_function("(");
  refused(bad, "no RE2 expression");
  bad = good;
  bad.mutable_function()->set_function(std::string(5000, 'x'));
  refused(bad, "at most 4096");
  bad = good;
  bad.mutable_selection()->mutable_range()->clear_end();
  refused(bad, "range.end");
  bad = good;
  bad.add_by("");
  refused(bad, "empty name");

  v1::HeatMapRequest map;
  *map.mutable_selection() = LastHour("unknown");
  EXPECT_EQ(HeatMap(map).error_code(), StatusCode::NOT_FOUND);
  *map.mutable_selection() = LastHour();
  map.mutable_selection()->mutable_range()->mutable_begin()->set_seconds(0);
  const grpc::Status status = HeatMap(map);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("at most 4000"));
}

}  // namespace
}  // namespace flamekeep::server
