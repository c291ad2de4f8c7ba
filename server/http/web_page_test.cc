#include "server/http/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/gzip.h"
#include "server/http/raw_client.h"

namespace flamekeep::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kBrowser[] = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n";
constexpr char kPackedBrowser[] = "Accept: text/html\r\nAccept-Encoding: gzip, deflate, br\r\n";
constexpr char kTakesGzip[] = "Accept-Encoding: gzip\r\n";

class WebPageTest : public testing::Test {
 protected:
  void Start(std::vector<WebFile> files) {
    auto server =
        HttpServer::Start({.address = "127.0.0.1:0", .metrics = &metrics_}, WebPageRoutes(files));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  void Start() {
    Start({{"/assets/index-N7g9_-T5.js", script_},
           {"/assets/plain.svg", picture_},
           {"/index.html", page_},
           {"/speedscope/index.html", speedscope_},
           {"/speedscope/reader-BLJXNNQB.wasm", script_}});
  }

  FetchedReply Ask(std::string_view path, std::string_view headers = "",
                   std::string_view method = "GET") {
    return Fetch(server_->address(), method, path, headers);
  }

  Metrics metrics_;
  const std::string page_ = Gzip("<!doctype html>the page").value();
  const std::string script_ = Gzip("let script;").value();
  const std::string picture_ = Gzip("<svg/>").value();
  const std::string speedscope_ = Gzip("<!doctype html>speedscope").value();
  std::unique_ptr<HttpServer> server_;
};

TEST_F(WebPageTest, BrowsersGetThePage) {
  Start();
  const FetchedReply reply = Ask("/", kPackedBrowser);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, page_);
  EXPECT_EQ(reply.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(reply.Header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(reply.Header("Cache-Control"), "no-cache");
  EXPECT_EQ(reply.Header("Vary"), "Accept, Accept-Encoding");
  EXPECT_EQ(reply.Header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(reply.Header("Referrer-Policy"), "no-referrer");
}

TEST_F(WebPageTest, ItIsUnpackedForWhoDoesNotTakeGzip) {
  Start();
  for (const std::string other : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"}) {
    const FetchedReply reply = Ask("/", kBrowser + other);
    EXPECT_EQ(reply.body, "<!doctype html>the page") << other;
    EXPECT_EQ(reply.Header("Content-Encoding"), "") << other;
    EXPECT_EQ(reply.Header("Vary"), "Accept, Accept-Encoding") << other;
  }
}

TEST_F(WebPageTest, OthersGetText) {
  Start();
  for (const char* accept :
       {"", "Accept: */*\r\n", "Accept: text/html;q=0\r\n", "Accept: application/json\r\n"}) {
    const FetchedReply reply = Ask("/", accept);
    EXPECT_EQ(reply.Header("Content-Type"), "text/plain; charset=utf-8") << accept;
    EXPECT_EQ(reply.Header("Vary"), "Accept") << accept;
    EXPECT_THAT(reply.body, AllOf(HasSubstr("/render"), HasSubstr("for browsers: the page")));
  }
}

TEST_F(WebPageTest, WhoHasItIsNotSentItAgain) {
  Start();
  const std::string etag = Ask("/", kPackedBrowser).Header("ETag");
  EXPECT_EQ(Ask("/", kBrowser).Header("ETag"), etag);
  for (const std::string& known : {etag, "\"other\", " + etag}) {
    const FetchedReply reply = Ask("/", kPackedBrowser + ("If-None-Match: " + known + "\r\n"));
    EXPECT_EQ(reply.status, 304);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.Header("ETag"), etag);
    EXPECT_EQ(reply.Header("Content-Encoding"), "");
  }
  EXPECT_EQ(Ask("/", std::string(kBrowser) + "If-None-Match: W/\"0\"\r\n").status, 200);
}

TEST_F(WebPageTest, NamesThatTellTheContentAreKeptForGood) {
  Start();
  const FetchedReply script = Ask("/assets/index-N7g9_-T5.js", kTakesGzip);
  EXPECT_EQ(script.body, script_);
  EXPECT_EQ(script.Header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.Header("Cache-Control"), "public, max-age=31536000, immutable");
  const FetchedReply picture = Ask("/assets/plain.svg");
  EXPECT_EQ(picture.body, "<svg/>");
  EXPECT_EQ(picture.Header("Content-Type"), "image/svg+xml");
  EXPECT_EQ(picture.Header("Cache-Control"), "no-cache");
}

TEST_F(WebPageTest, HeadHasTheHeadersOnly) {
  Start();
  const FetchedReply reply = Ask("/", kPackedBrowser, "HEAD");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("Content-Length"), std::to_string(page_.size()));
  EXPECT_EQ(reply.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(reply.body, "");
}

TEST_F(WebPageTest, PoliciesKeepToThisServer) {
  Start();
  const std::string page = Ask("/", kBrowser).Header("Content-Security-Policy");
  EXPECT_THAT(page, AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self';"),
                          HasSubstr("style-src 'self';"), HasSubstr("frame-ancestors 'none'"),
                          Not(HasSubstr("unsafe"))));
  const std::string speedscope = Ask("/speedscope/").Header("Content-Security-Policy");
  EXPECT_THAT(speedscope, AllOf(HasSubstr("default-src 'none'"), HasSubstr("connect-src 'self';"),
                                HasSubstr("script-src 'self' 'wasm-unsafe-eval';")));
}

TEST_F(WebPageTest, SpeedscopeIsAFolder) {
  Start();
  EXPECT_EQ(Ask("/speedscope/").body, "<!doctype html>speedscope");
  EXPECT_EQ(Ask("/speedscope/index.html").body, "<!doctype html>speedscope");
  EXPECT_EQ(Ask("/speedscope/reader-BLJXNNQB.wasm").Header("Content-Type"), "application/wasm");
  const FetchedReply folder = Ask("/speedscope");
  EXPECT_EQ(folder.status, 308);
  EXPECT_EQ(folder.Header("Location"), "speedscope/");
}

TEST_F(WebPageTest, UnknownFilesAreTold) {
  Start();
  for (const char* path : {"/assets/index-00000000.js", "/assets/", "/assets/../index.html",
                           "/speedscope/assets/plain.svg", "/index"}) {
    const FetchedReply reply = Ask(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_THAT(reply.body, HasSubstr("there is nothing at " + std::string(path)));
  }
  EXPECT_EQ(Ask("/", "", "POST").status, 405);
}

TEST_F(WebPageTest, WithoutThePageATextSaysSo) {
  Start({});
  const FetchedReply reply = Ask("/", kBrowser);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_THAT(reply.body, AllOf(HasSubstr("no page for browsers"), HasSubstr("/render")));
  EXPECT_EQ(Ask("/assets/index-N7g9_-T5.js").status, 404);
  EXPECT_EQ(Ask("/speedscope/").status, 404);
}

// What is embedded; nothing where the build has no page.
TEST(WebFilesTest, AreGzip) {
  for (const WebFile& file : WebFiles()) {
    EXPECT_TRUE(file.path.starts_with("/")) << file.path;
    EXPECT_TRUE(LooksLikeGzip(file.packed)) << file.path;
    EXPECT_TRUE(Gunzip(file.packed, size_t{16} << 20).ok()) << file.path;
  }
}

// The page is on a screen soon, also over a slow line.
TEST(WebFilesTest, ThePageIsLight) {
  constexpr size_t kMaxPageBytes = 120'000;
  size_t bytes = 0;
  for (const WebFile& file : WebFiles()) {
    if (!file.path.starts_with("/speedscope/")) bytes += file.packed.size();
  }
  EXPECT_LE(bytes, kMaxPageBytes);
}

}  // namespace
}  // namespace flamekeep::server
