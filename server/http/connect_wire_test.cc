#include "server/http/connect_wire.h"

#include <gtest/gtest.h>

#include <string>

#include "base/gzip.h"

namespace flamekeep::server {
namespace {

std::string Enveloped(char flags, std::string_view message) {
  std::string out(1, flags);
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(message.size() >> static_cast<unsigned>(shift));
  }
  return out + std::string(message);
}

TEST(ConnectWireTest, KnowsContentTypes) {
  EXPECT_EQ(ParseConnectType("application/json")->codec, ConnectCodec::kJson);
  EXPECT_EQ(ParseConnectType("Application/JSON; charset=utf-8")->codec, ConnectCodec::kJson);
  EXPECT_EQ(ParseConnectType("application/x-protobuf")->codec, ConnectCodec::kProto);
  EXPECT_FALSE(ParseConnectType("application/proto")->stream);
  EXPECT_TRUE(ParseConnectType("application/connect+proto")->stream);
  for (const char* type : {"", "text/plain", "application/grpc", "application/jsonx", ";"}) {
    EXPECT_EQ(ParseConnectType(type).status().code(), absl::StatusCode::kUnimplemented) << type;
  }
}

TEST(ConnectWireTest, ReadsTimeouts) {
  EXPECT_EQ(*ParseConnectTimeout(""), absl::InfiniteDuration());
  EXPECT_EQ(*ParseConnectTimeout("1500"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseConnectTimeout("9999999999"), absl::Milliseconds(9'999'999'999));
  for (const char* text : {"-1", "1.5", "10000000000", "1s", " 1"}) {
    EXPECT_FALSE(ParseConnectTimeout(text).ok()) << text;
  }
}

TEST(ConnectWireTest, OpensExactlyOneEnvelope) {
  EXPECT_EQ(*OpenEnvelope(Enveloped(0, "message"), false, 100), "message");
  EXPECT_EQ(*OpenEnvelope(Enveloped(0, ""), true, 100), "");
  EXPECT_EQ(*OpenEnvelope(Enveloped(1, *Gzip("message")), true, 100), "message");
  for (const std::string& body :
       {std::string(), std::string("\0\0\0\0", 4), Enveloped(0, "a") + Enveloped(0, "b"),
        Enveloped(0, "message").substr(0, 10), Enveloped(2, "{}"), Enveloped(1, *Gzip("x")),
        std::string("\0\xff\xff\xff\xff", 5)}) {
    EXPECT_EQ(OpenEnvelope(body, false, 100).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(OpenEnvelope(Enveloped(1, *Gzip(std::string(101, 'x'))), true, 100).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ConnectWireTest, MakesEnvelopes) {
  EXPECT_EQ(MakeEnvelope("message", true), Enveloped(0, "message"));
  const std::string large(5000, 'x');
  EXPECT_EQ(MakeEnvelope(large, false), Enveloped(0, large));
  EXPECT_EQ(*OpenEnvelope(MakeEnvelope(large, true), true, 5000), large);
  EXPECT_EQ(MakeEndEnvelope(absl::OkStatus()), Enveloped(2, "{}"));
  EXPECT_EQ(MakeEndEnvelope(absl::NotFoundError("no \"x\"")),
            Enveloped(2, R"({"error":{"code":"not_found","message":"no \"x\""}})"));
}

TEST(ConnectWireTest, DecodesBothAlphabetsOfBase64) {
  EXPECT_EQ(*DecodeBase64("eyJhIjoxfQ"), "{\"a\":1}");
  EXPECT_EQ(*DecodeBase64("eyJhIjoxfQ=="), "{\"a\":1}");
  EXPECT_EQ(*DecodeBase64("-_8"), "\xfb\xff");
  EXPECT_EQ(*DecodeBase64("+/8="), "\xfb\xff");
  EXPECT_FALSE(DecodeBase64("a*b").ok());
}

}  // namespace
}  // namespace flamekeep::server
