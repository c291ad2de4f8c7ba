#include "server/grpc/caller.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "flamekeep/v1/admin.grpc.pb.h"

namespace flamekeep::server {
namespace {

// Answers with who calls.
class Echo final : public v1::AdminService::CallbackService {
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context, const v1::StatusRequest*,
                                   v1::StatusResponse* response) override {
    response->set_version(CallerOf(*context));
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

std::string Ask(const std::shared_ptr<grpc::Channel>& channel, const std::string& says) {
  grpc::ClientContext context;
  if (!says.empty()) SetCaller(says, &context);
  v1::StatusResponse response;
  EXPECT_TRUE(v1::AdminService::NewStub(channel)->Status(&context, {}, &response).ok());
  return response.version();
}

TEST(CallerTest, OnlyThisProcessMaySayWhoCalls) {
  Echo echo;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  EXPECT_EQ(Ask(server->InProcessChannel({}), "10.1.2.3"), "10.1.2.3");
  const auto by_socket =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  EXPECT_EQ(Ask(by_socket, ""), "ipv4:127.0.0.1");
  EXPECT_EQ(Ask(by_socket, "10.1.2.3"), "ipv4:127.0.0.1");
}

}  // namespace
}  // namespace flamekeep::server
