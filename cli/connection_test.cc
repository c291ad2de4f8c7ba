#include "cli/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace flamekeep::cli {
namespace {

using testing::HasSubstr;

TEST(ServerAddress, AddsThePort) {
  const struct {
    std::string_view text;
    std::string_view want;
  } cases[] = {
      {"127.0.0.1:4041", "127.0.0.1:4041"},
      {"127.0.0.1", "127.0.0.1:4041"},
      {"arclamp1001.eqiad.wmnet", "arclamp1001.eqiad.wmnet:4041"},
      {"arclamp1001:80", "arclamp1001:80"},
      {"::1", "[::1]:4041"},
      {"[::1]", "[::1]:4041"},
      {"[2620:0:861::5]:99", "[2620:0:861::5]:99"},
      {"unix:/run/flamekeep.sock", "unix:/run/flamekeep.sock"},
  };
  for (const auto& c : cases) {
    const auto address = ServerAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(*address, c.want);
  }
}

TEST(ServerAddress, RefusesTheRest) {
  for (const std::string_view text : {"", ":4041", "host:", "host:x", "host:0", "host:65536",
                                      "http://host:4041", "[::1", "[::1]4041", "[::1]:x"}) {
    const auto address = ServerAddress(text);
    EXPECT_TRUE(absl::IsInvalidArgument(address.status())) << text;
    EXPECT_THAT(Message(address.status()), HasSubstr(fmt::format("\"{}\"", text)));
  }
}

TEST(FromGrpc, TheServersOwnSentenceStays) {
  EXPECT_TRUE(FromGrpc(grpc::Status::OK, "host:1").ok());
  const absl::Status status =
      FromGrpc({grpc::NOT_FOUND, "no profile type \"x\" in this store"}, "host:1");
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(Message(status), "no profile type \"x\" in this store");
  EXPECT_THAT(Message(FromGrpc({grpc::UNAVAILABLE, "the server is shutting down"}, "host:1")),
              "the server is shutting down");
}

TEST(FromGrpc, GrpcsWordsAreMadeSentences) {
  const struct {
    grpc::Status status;
    const char* want;
  } cases[] = {
      {{grpc::UNAVAILABLE, "failed to connect to all addresses; last error: UNKNOWN"},
       "no server answers at host:1: start one with `flamekeep serve"},
      {{grpc::UNAVAILABLE, "DNS resolution failed for host:1"}, "no server answers at host:1"},
      {{grpc::UNAVAILABLE, "Socket closed"}, "the server at host:1 has gone"},
      {{grpc::DEADLINE_EXCEEDED, "Deadline Exceeded"}, "the server at host:1 did not answer"},
      {{grpc::UNIMPLEMENTED, ""}, "the server at host:1 does not know this call"},
      {{grpc::INTERNAL, ""}, "the server at host:1 failed with code 13"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Message(FromGrpc(c.status, "host:1")), HasSubstr(c.want));
  }
}

}  // namespace
}  // namespace flamekeep::cli
