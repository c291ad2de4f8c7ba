// Pyroscope's querier over a whole server.
#include "server/grpc/querier_service.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compat/querier.grpc.pb.h"
#include "server/http/raw_client.h"
#include "server/test_server.h"

namespace flamekeep::server {
namespace {

namespace pyroscope = querier::v1;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kType[] = "excimer-wall:samples:count::";

class QuerierServiceTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    querier_ = pyroscope::QuerierService::NewStub(channel_);
  }

  void PushSamples() {
    ASSERT_TRUE(Push(WithEntry("index"), 1, "main;run 3\nmain;stop 4\n").first.ok());
    ASSERT_TRUE(Push(WithEntry("api"), 1, "main;run 10\n").first.ok());
  }

  static v1::OpenSource WithEntry(std::string_view entry) {
    v1::OpenSource open = Folded("web-" + std::string(entry));
    v1::Label* label = open.add_labels();
    label->set_name("entry_point");
    label->set_value(std::string(entry));
    return open;
  }

  template <typename Request>
  static Request Ranged(Request request) {
    request.set_start(absl::ToUnixMillis(Now() - absl::Hours(1)));
    request.set_end(absl::ToUnixMillis(Now() + absl::Minutes(1)));
    return request;
  }

  static pyroscope::SelectMergeStacktracesRequest Stacktraces(std::string_view selector,
                                                              std::string_view type = kType) {
    pyroscope::SelectMergeStacktracesRequest request;
    request.set_profile_typeid(std::string(type));
    request.set_label_selector(std::string(selector));
    request.set_max_nodes(16384);
    return Ranged(request);
  }

  pyroscope::FlameGraph Graph(const pyroscope::SelectMergeStacktracesRequest& request) {
    grpc::ClientContext context;
    pyroscope::SelectMergeStacktracesResponse response;
    const grpc::Status status = querier_->SelectMergeStacktraces(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.flamegraph();
  }

  FetchedReply Post(std::string_view method, std::string_view json) {
    return Fetch(server_->http_address(), "POST",
                 "/querier.v1.QuerierService/" + std::string(method),
                 "Content-Type: application/json\r\n", json);
  }

  std::unique_ptr<pyroscope::QuerierService::Stub> querier_;
};

// As text: "name total self" by row, and where boxes begin.
std::vector<std::string> Rows(const pyroscope::FlameGraph& graph) {
  std::vector<std::string> rows;
  for (const pyroscope::Level& level : graph.levels()) {
    std::string row;
    int64_t at = 0;
    for (int i = 0; i + 3 < level.values_size(); i += 4) {
      at += level.values(i);
      row += fmt::format("{}@{} {} {};", graph.names(static_cast<int>(level.values(i + 3))), at,
                         level.values(i + 1), level.values(i + 2));
      at += level.values(i + 1);
    }
    rows.push_back(row);
  }
  return rows;
}

TEST_F(QuerierServiceTest, DrawsWhatMatches) {
  PushSamples();
  const pyroscope::FlameGraph all = Graph(Stacktraces("{}"));
  EXPECT_THAT(Rows(all), ElementsAre("total@0 17 0;", "main@0 17 0;", "run@0 13 13;stop@13 4 4;"));
  EXPECT_EQ(all.total(), 17);
  EXPECT_EQ(all.max_self(), 13);
  for (const auto& [selector, total] :
       {std::pair(R"({entry_point="index"})", 7), std::pair(R"({entry_point!="index"})", 10),
        std::pair(R"({entry_point=~"ind.*|x"})", 7), std::pair(R"({entry_point!~"ind.*"})", 10),
        std::pair(R"({site="eqiad",entry_point="api"})", 10), std::pair("", 17),
        std::pair(R"({__profile_type__="excimer-wall:samples:count::"})", 17),
        std::pair(R"({__name__=~"excimer.*",entry_point="api"})", 10),
        std::pair(R"({__unit__="nanoseconds"})", 0), std::pair(R"({service_name="x"})", 0),
        std::pair(R"({site="codfw"})", 0)}) {
    EXPECT_EQ(Graph(Stacktraces(selector)).total(), total) << selector;
  }
  EXPECT_EQ(Graph(Stacktraces("{}", "process_cpu:cpu:nanoseconds:cpu:nanoseconds")).total(), 0);
}

TEST_F(QuerierServiceTest, FiltersFrames) {
  PushSamples();
  pyroscope::SelectMergeStacktracesRequest request = Stacktraces("{}");
  pyroscope::FrameFilter* filter = request.mutable_stack_trace_selector()->mutable_frame_filter();
  filter->add_include_names("stop");
  EXPECT_EQ(Graph(request).total(), 4);
  filter->add_include_regexes("r.n");
  EXPECT_EQ(Graph(request).total(), 17);
  filter->add_exclude_names("ru");
  EXPECT_EQ(Graph(request).total(), 17);
  filter->add_exclude_regexes("ru");
  EXPECT_EQ(Graph(request).total(), 4);
}

TEST_F(QuerierServiceTest, ListsNamesValuesAndSeries) {
  PushSamples();
  EXPECT_THAT(Post("ProfileTypes", R"({"start":"1000","end":"4000"})").body,
              HasSubstr(R"({"profileTypes":[{"ID":"excimer-wall:samples:count::",)"
                        R"("name":"excimer-wall","sampleType":"samples","sampleUnit":"count"}]})"));
  EXPECT_THAT(Post("LabelNames", R"({"matchers":["{entry_point=\"index\"}"]})").body,
              AllOf(HasSubstr("\"entry_point\""), HasSubstr("\"site\""),
                    HasSubstr("\"__profile_type__\"")));
  EXPECT_EQ(Post("LabelValues", R"({"name":"entry_point","matchers":["{}"]})").body,
            R"({"names":["api","index"]})");
  EXPECT_EQ(Post("LabelValues",
                 R"({"name":"entry_point","matchers":["{entry_point=\"api\"}","{site=\"x\"}"]})")
                .body,
            R"({"names":["api"]})");
  EXPECT_EQ(Post("Series", R"({"matchers":[],"labelNames":["site","__profile_type__"]})").body,
            R"({"labelsSet":[{"labels":[{"name":"__profile_type__",)"
            R"("value":"excimer-wall:samples:count::"},{"name":"site","value":"eqiad"}]}]})");
  EXPECT_THAT(Post("GetProfileStats", "{}").body, HasSubstr("\"dataIngested\":true"));
}

TEST_F(QuerierServiceTest, TellsSeriesOverTime) {
  PushSamples();
  pyroscope::SelectSeriesRequest request;
  request.set_profile_typeid(kType);
  request.set_label_selector("{}");
  request.add_group_by("entry_point");
  request.set_step(15);
  grpc::ClientContext context;
  pyroscope::SelectSeriesResponse response;
  const grpc::Status status = querier_->SelectSeries(&context, Ranged(request), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.series_size(), 2);
  EXPECT_EQ(response.series(0).labels(0).value(), "api");
  ASSERT_EQ(response.series(0).points_size(), 1);
  EXPECT_EQ(response.series(0).points(0).value(), 10);
  EXPECT_EQ(response.series(0).points(0).timestamp(),
            absl::ToUnixMillis(Now() - absl::Minutes(10)));
  EXPECT_EQ(response.series(1).points(0).value(), 7);
}

TEST_F(QuerierServiceTest, ComparesAndGivesProfiles) {
  PushSamples();
  pyroscope::DiffRequest request;
  *request.mutable_left() = Stacktraces(R"({entry_point="index"})");
  *request.mutable_right() = Stacktraces(R"({entry_point="api"})");
  grpc::ClientContext context;
  pyroscope::DiffResponse response;
  const grpc::Status status = querier_->Diff(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const pyroscope::FlameGraphDiff& diff = response.flamegraph();
  EXPECT_EQ(diff.leftticks(), 7);
  EXPECT_EQ(diff.rightticks(), 10);
  EXPECT_EQ(diff.total(), 17);
  EXPECT_THAT(diff.levels(0).values(), ElementsAre(0, 7, 0, 0, 10, 0, 0));
  EXPECT_EQ(diff.levels(2).values_size(), 14);

  pyroscope::SelectMergeProfileRequest profile_request;
  profile_request.set_profile_typeid(kType);
  grpc::ClientContext profile_context;
  perftools::profiles::Profile profile;
  ASSERT_TRUE(
      querier_->SelectMergeProfile(&profile_context, Ranged(profile_request), &profile).ok());
  EXPECT_EQ(profile.sample_size(), 2);
  EXPECT_THAT(profile.string_table(), Contains("stop"));
}

TEST_F(QuerierServiceTest, AnEmptyStoreAnswersEverything) {
  const std::string range = R"("start":"1000","end":"4000")";
  const std::string select = R"({"profile_typeID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds",)"
                             R"("label_selector":"{}",)";
  EXPECT_EQ(Post("ProfileTypes", "{" + range + "}").body, "{}");
  EXPECT_EQ(Post("LabelNames", "{" + range + "}").body, "{}");
  EXPECT_EQ(Post("LabelValues", R"({"name":"site",)" + range + "}").body, "{}");
  EXPECT_EQ(Post("Series", R"({"matchers":["{}"],)" + range + "}").body, "{}");
  EXPECT_EQ(Post("SelectMergeStacktraces", select + range + "}").body, "{}");
  EXPECT_EQ(Post("SelectSeries", select + R"("step":15,)" + range + "}").body, "{}");
  EXPECT_EQ(Post("SelectMergeProfile", select + range + "}").body, "{}");
  EXPECT_EQ(Post("GetProfileStats", "{}").body, "{}");
}

TEST_F(QuerierServiceTest, SaysWhatItCanNot) {
  PushSamples();
  const auto expect = [&](std::string_view method, std::string_view json, int status) {
    EXPECT_EQ(Post(method, json).status, status) << method << " " << json;
  };
  expect("SelectHeatmap", R"({"step":1})", 501);
  expect("SelectMergeSpanProfile", R"({"span_selector":["a"]})", 501);
  expect("SelectMergeStacktraces", R"({"profile_typeID":"a{}","label_selector":"{}"})", 400);
  expect("SelectMergeStacktraces", R"({"profile_typeID":"a:b:c:d:e","label_selector":"{"})", 400);
  expect("SelectMergeStacktraces",
         R"({"profile_typeID":"excimer-wall:samples:count::","start":"5","end":"4"})", 400);
  expect("SelectMergeStacktraces",
         R"({"profile_typeID":"excimer-wall:samples:count::","format":"PROFILE_FORMAT_TREE"})",
         501);
  expect("Series", R"({"matchers":["{a=~\"(\"}"]})", 400);
}

}  // namespace
}  // namespace flamekeep::server
