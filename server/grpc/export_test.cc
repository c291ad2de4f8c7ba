#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "flamekeep/v1/export.pb.h"
#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

// What an answer to Export holds, as a reader in any language would take it.
struct Exported {
  grpc::Status status;
  v1::ExportResponse::Header header;
  std::vector<v1::ExportResponse::Begin> partitions;
  std::map<std::string, uint64_t> rows;  // "label;frame;frame" -> sum of values
  size_t columns = 0;                    // messages
  std::vector<std::string> cursors;
  std::string version;
};

class ExportServiceTest : public TestServer {
 protected:
  void SetUp() override {
    Start();
    ASSERT_TRUE(Push(Folded("client"), 1, "/srv/w/index.php;a 3\n/srv/w/api.php;b 1\n").first.ok());
    ASSERT_TRUE(Push(Folded("other", "codfw"), 1, "/srv/w/index.php;a;a 5\n").first.ok());
  }

  static v1::ExportRequest Request(std::string_view selector = "excimer-wall") {
    v1::ExportRequest request;
    *request.mutable_selection() = LastHour(selector);
    return request;
  }

  Exported Export(const v1::ExportRequest& request) {
    Exported exported;
    grpc::ClientContext context;
    const auto reader = query_->Export(&context, request);
    v1::ExportResponse response;
    std::vector<std::string> names;
    std::vector<std::string> path;
    std::string label;
    while (reader->Read(&response)) {
      if (response.has_header()) exported.header = response.header();
      if (response.has_begin()) exported.partitions.push_back(response.begin());
      if (response.has_end()) exported.cursors.push_back(response.end().cursor());
      if (response.has_footer()) exported.version = response.footer().version();
      if (!response.has_column()) continue;
      const v1::ExportResponse::Column& column = response.column();
      ++exported.columns;
      if (!column.continued()) {
        names.clear();
        label = column.labels_size() == 0 ? "" : column.labels(0).value();
      }
      names.insert(names.end(), column.names().begin(), column.names().end());
      for (int i = 0; i < column.depth_size(); ++i) {
        path.resize(column.depth(i) - 1);
        path.push_back(names.at(column.name(i)));
        if (column.self(i) == 0) continue;
        exported.rows[fmt::format("{};{}", label, fmt::join(path, ";"))] += column.self(i);
      }
    }
    exported.status = reader->Finish();
    return exported;
  }
};

TEST_F(ExportServiceTest, StreamsRows) {
  const Exported exported = Export(Request());
  ASSERT_TRUE(exported.status.ok()) << exported.status.error_message();
  EXPECT_THAT(exported.header.sites(), ElementsAre("codfw", "eqiad"));
  EXPECT_EQ(exported.header.profile_type(), "excimer-wall:samples:count::");
  EXPECT_EQ(exported.header.coverage().unit(), "count");
  EXPECT_EQ(exported.header.coverage().covered().begin().seconds(),
            LastHour().range().begin().seconds());
  EXPECT_THAT(exported.rows, ElementsAre(testing::Pair("api;/srv/w/api.php;b", 1),
                                         testing::Pair("index;/srv/w/index.php;a", 3),
                                         testing::Pair("index;/srv/w/index.php;a;a", 5)));
  ASSERT_EQ(exported.partitions.size(), 2u);
  EXPECT_EQ(exported.partitions[0].site(), "codfw");
  EXPECT_FALSE(exported.partitions[0].known());
}

TEST_F(ExportServiceTest, LeavesOutWhatIsKnownAndGoesOnBehindACursor) {
  const Exported first = Export(Request());
  v1::ExportRequest request = Request();
  for (const v1::ExportResponse::Begin& begin : first.partitions) {
    v1::ExportRequest::Partition* known = request.add_known();
    known->set_site(begin.site());
    *known->mutable_begin() = begin.range().begin();
    known->set_version(begin.version());
  }
  const Exported again = Export(request);
  ASSERT_EQ(again.partitions.size(), 2u);
  EXPECT_TRUE(again.partitions[0].known() && again.partitions[1].known());
  EXPECT_TRUE(again.rows.empty());

  request.mutable_known(0)->set_version("another");
  EXPECT_THAT(Export(request).rows, ElementsAre(testing::Pair("index;/srv/w/index.php;a;a", 5)));

  request = Request();
  request.set_cursor(first.cursors.back());
  const Exported rest = Export(request);
  EXPECT_TRUE(rest.status.ok());
  EXPECT_TRUE(rest.partitions.empty());
}

TEST_F(ExportServiceTest, OneVersionHoweverItCame) {
  const Exported whole = Export(Request());
  EXPECT_EQ(whole.version.size(), 32u);
  for (const std::string& cursor : whole.cursors) {
    v1::ExportRequest request = Request();
    request.set_cursor(cursor);
    EXPECT_EQ(Export(request).version, whole.version) << cursor;
  }
  EXPECT_NE(Export(Request("excimer-wall{site=\"eqiad\"}")).version, whole.version);
  ASSERT_TRUE(Push(Folded("client"), 2, "/srv/w/index.php;b 1\n").first.ok());
  EXPECT_NE(Export(Request()).version, whole.version);
}

TEST_F(ExportServiceTest, ColumnsLargerThanAMessageGoOnInTheNext) {
  const std::string long_name(2'000, 'x');
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += fmt::format("main;{}{} {}\n", long_name, i, 1 + i);
  ASSERT_TRUE(Push(Folded("much", "drmrs"), 1, lines).first.ok());
  const Exported exported = Export(Request("excimer-wall{site=\"drmrs\"}"));
  ASSERT_TRUE(exported.status.ok()) << exported.status.error_message();
  EXPECT_GT(exported.columns, 5u);
  EXPECT_EQ(exported.rows.size(), 1'000u);
  EXPECT_EQ(exported.rows.at(fmt::format(";main;{}999", long_name)), 1'000u);
}

TEST_F(ExportServiceTest, BadQuestionsGetAnAnswerThatHelps) {
  v1::ExportRequest request = Request();
  request.set_level(v1::LEVEL_MONTH);
  Exported exported = Export(request);
  EXPECT_EQ(exported.status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(exported.status.error_message(), HasSubstr("month"));
  request = Request();
  request.set_cursor("nonsense");
  EXPECT_THAT(Export(request).status.error_message(), HasSubstr("nonsense"));
  EXPECT_EQ(Export(Request("unknown")).status.error_code(), StatusCode::NOT_FOUND);
  request = Request();
  request.mutable_selection()->clear_range();
  EXPECT_EQ(Export(request).status.error_code(), StatusCode::INVALID_ARGUMENT);
  for (int i = 0; i <= 100'000; ++i) request.add_known();
  EXPECT_THAT(Export(request).status.error_message(), HasSubstr("known"));
}

// More exports than there are threads for them: all come to their end.
TEST_F(ExportServiceTest, ExportsTakeTurns) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::ExportResponse>>> readers;
  for (int i = 0; i < 8; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(query_->Export(contexts.back().get(), Request()));
  }
  contexts.front()->TryCancel();
  for (size_t i = readers.size(); i-- > 0;) {
    v1::ExportResponse response;
    size_t ends = 0;
    while (readers[i]->Read(&response)) ends += response.has_end() ? 1 : 0;
    const grpc::Status status = readers[i]->Finish();
    if (i == 0) continue;
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(ends, 2u);
  }
}

}  // namespace
}  // namespace flamekeep::server
