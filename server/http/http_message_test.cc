#include "server/http/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/gzip.h"
#include "server/http/http_errors.h"

namespace flamekeep::server {
namespace {

TEST(HttpMessageTest, FindsTokensInLists) {
  EXPECT_TRUE(ListsToken("gzip", "gzip"));
  EXPECT_TRUE(ListsToken("br;q=1.0, GZIP;q=0.5, *;q=0", "gzip"));
  EXPECT_TRUE(ListsToken(" deflate , gzip ", "gzip"));
  EXPECT_FALSE(ListsToken("gzip;q=0", "gzip"));
  EXPECT_FALSE(ListsToken("gzip;q=0.000", "gzip"));
  for (const char* header : {"", ",", ";", "gzipped", "x-gzip", "identity"}) {
    EXPECT_FALSE(ListsToken(header, "gzip")) << header;
  }
}

TEST(HttpMessageTest, CompressesWhereItIsWantedAndWorthIt) {
  const HttpRequest takes{.headers = {{"accept-encoding", "gzip, br"}}};
  const std::string text(5000, 'x');
  HttpResponse response{.body = text};
  MayCompress({}, &response);
  EXPECT_EQ(response.body, text);
  response = {.body = "short"};
  MayCompress(takes, &response);
  EXPECT_EQ(response.body, "short");
  response = {.body = text};
  MayCompress(takes, &response);
  EXPECT_EQ(Gunzip(response.body, text.size()).value(), text);
  EXPECT_THAT(response.headers, testing::Contains(HttpHeader("Content-Encoding", "gzip")));
}

TEST(HttpErrorsTest, AreJsonOrASentence) {
  const absl::Status error = absl::NotFoundError("no site \"x\"\n\xff");
  EXPECT_EQ(ErrorJson(error), R"({"code":"not_found","message":"no site \"x\"??"})");
  EXPECT_EQ(ErrorResponse(error, HttpErrors::kText).body, "no site \"x\"??\n");
  EXPECT_EQ(ErrorResponse(error, HttpErrors::kJson).status, 404);
  EXPECT_EQ(ErrorResponse(413, error, HttpErrors::kJson).status, 413);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kCancelled), 499);
  EXPECT_EQ(CodeName(absl::StatusCode::kCancelled), "canceled");
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kResourceExhausted), 429);
}

}  // namespace
}  // namespace flamekeep::server
