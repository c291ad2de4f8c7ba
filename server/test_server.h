// A server in this process on a store in a temporary directory, with a client's stubs, for tests.
//
// Thread safety: none.
#ifndef FLAMEKEEP_SERVER_TEST_SERVER_H_
#define FLAMEKEEP_SERVER_TEST_SERVER_H_

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "flamekeep/v1/admin.grpc.pb.h"
#include "flamekeep/v1/ingest.grpc.pb.h"
#include "flamekeep/v1/query.grpc.pb.h"
#include "server/grpc/convert.h"
#include "server/server.h"

namespace flamekeep::server {

// A moment whose minutes, hours and days are kept by the default retention: the same one for the
// whole process, since a pushed source is told apart by its time, too.
inline absl::Time Now() {
  static const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) / 60 * 60);
  return now;
}

class TestServer : public testing::Test {
 protected:
  TestServer() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::path(testing::TempDir()) /
                 fmt::format("{}.{}.{}", info->test_suite_name(), info->name(), getpid());
    std::filesystem::remove_all(directory_);
    config_.data = (directory_ / "store").string();
    config_.grpc = "127.0.0.1:0";
    config_.http = "127.0.0.1:0";
    std::filesystem::create_directories(directory_);
  }

  ~TestServer() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Start() {
    auto server = Server::Start(config_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials());
    ingest_ = v1::IngestService::NewStub(channel_);
    query_ = v1::QueryService::NewStub(channel_);
    admin_ = v1::AdminService::NewStub(channel_);
  }

  void Restart() {
    server_.reset();
    Start();
  }

  static v1::OpenSource Folded(std::string_view source, std::string_view site = "eqiad") {
    v1::OpenSource open;
    open.set_source(std::string(source));
    open.set_site(std::string(site));
    open.set_format(v1::FORMAT_FOLDED);
    open.set_profile_type("excimer-wall");
    *open.mutable_time() = ToProto(Now() - absl::Minutes(10));
    return open;
  }

  // Sends one batch by itself.
  std::pair<grpc::Status, v1::IngestResponse> Push(const v1::OpenSource& open, uint64_t number,
                                                   std::string_view lines) {
    v1::IngestBatchRequest request;
    *request.mutable_open() = open;
    request.mutable_batch()->set_number(number);
    request.mutable_batch()->set_lines(std::string(lines));
    grpc::ClientContext context;
    v1::IngestResponse response;
    grpc::Status status = ingest_->IngestBatch(&context, request, &response);
    return {std::move(status), std::move(response)};
  }

  static v1::Selection LastHour(std::string_view selector = "excimer-wall") {
    v1::Selection selection;
    selection.set_selector(std::string(selector));
    *selection.mutable_range()->mutable_begin() = ToProto(Now() - absl::Hours(1));
    *selection.mutable_range()->mutable_end() = ToProto(Now() + absl::Minutes(1));
    return selection;
  }

  std::pair<grpc::Status, v1::FlameGraphResponse> FlameGraph(
      std::string_view selector = "excimer-wall") {
    v1::FlameGraphRequest request;
    *request.mutable_selection() = LastHour(selector);
    grpc::ClientContext context;
    v1::FlameGraphResponse response;
    grpc::Status status = query_->FlameGraph(&context, request, &response);
    return {std::move(status), std::move(response)};
  }

  std::pair<grpc::Status, std::string> Render(v1::RenderFormat format,
                                              std::string_view selector = "excimer-wall") {
    v1::RenderRequest request;
    *request.mutable_selection() = LastHour(selector);
    request.set_format(format);
    grpc::ClientContext context;
    const auto reader = query_->Render(&context, request);
    std::string text;
    v1::RenderResponse response;
    for (bool first = true; reader->Read(&response); first = false) {
      EXPECT_EQ(response.has_coverage(), first);
      text += response.data();
    }
    return {reader->Finish(), std::move(text)};
  }

  v1::StatusResponse AdminStatus() {
    grpc::ClientContext context;
    v1::StatusResponse response;
    const grpc::Status status = admin_->Status(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::filesystem::path directory_;
  ServerConfig config_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::IngestService::Stub> ingest_;
  std::unique_ptr<v1::QueryService::Stub> query_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

// A call of Ingest, one step after the other.
class IngestCall {
 public:
  explicit IngestCall(v1::IngestService::Stub* stub) : stream_(stub->Ingest(&context_)) {}

  bool Open(const v1::OpenSource& open) {
    v1::IngestRequest request;
    *request.mutable_open() = open;
    return stream_->Write(request);
  }
  bool Send(uint64_t number, std::string_view lines, std::string_view cursor = "") {
    v1::IngestRequest request;
    request.mutable_batch()->set_number(number);
    request.mutable_batch()->set_lines(std::string(lines));
    request.mutable_batch()->set_cursor(std::string(cursor));
    return stream_->Write(request);
  }
  bool SendRequest(const v1::IngestRequest& request) { return stream_->Write(request); }
  // Reads answers up to one that says `number`; returns it.
  v1::IngestResponse WaitFor(uint64_t number) {
    v1::IngestResponse response;
    while (stream_->Read(&response)) {
      if (response.durable_number() >= number) return response;
    }
    ADD_FAILURE() << "the stream ended before " << number;
    return response;
  }
  grpc::Status Close() {
    stream_->WritesDone();
    return Finish();
  }
  grpc::Status Finish() {
    v1::IngestResponse ignored;
    while (stream_->Read(&ignored)) last_ = ignored;
    return stream_->Finish();
  }
  const v1::IngestResponse& last() const { return last_; }
  grpc::ClientContext& context() { return context_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::IngestRequest, v1::IngestResponse>> stream_;
  v1::IngestResponse last_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_TEST_SERVER_H_
