#include "server/http/pyroscope_ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "compat/pprof.pb.h"

namespace flamekeep::server {
namespace {

using ::testing::HasSubstr;

HttpRequest Post(std::string query, std::string body, const std::string& content_type = "") {
  HttpRequest request{.method = "POST", .path = "/ingest", .query = std::move(query)};
  request.body = std::move(body);
  if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
  return request;
}

std::string LabelsText(const ::push::v1::PushRequest& push) {
  std::string text;
  for (const auto& label : push.series(0).labels()) {
    text += (text.empty() ? "" : ",") + label.name() + "=" + label.value();
  }
  return text;
}

perftools::profiles::Profile ProfileIn(const ::push::v1::PushRequest& push) {
  perftools::profiles::Profile profile;
  EXPECT_TRUE(profile.ParseFromString(push.series(0).samples(0).raw_profile()));
  return profile;
}

TEST(PyroscopeIngest, FoldedSamplesOfATimer) {
  const auto push = PushOfIngest(
      Post("name=my.app.cpu%7Bregion%3Deu%2Cx%3D%22y%22%7D&from=1763640000&until=1763640010&"
           "format=folded&sampleRate=50&spyName=rbspy",
           "main;a 3\nmain;b 1\nmain;a 2\nmain;zero 0\n"));
  ASSERT_TRUE(push.ok()) << push.status();
  EXPECT_EQ(LabelsText(*push), "__name__=process_cpu,region=eu,x=y,service_name=my.app");
  const auto profile = ProfileIn(*push);
  ASSERT_EQ(profile.sample_size(), 2);
  EXPECT_EQ(profile.sample(0).value(0) + profile.sample(1).value(0), 6 * 20'000'000);
  EXPECT_EQ(profile.string_table(static_cast<int>(profile.sample_type(0).unit())), "nanoseconds");
  EXPECT_EQ(profile.time_nanos(), 1763640000'000000000);
  EXPECT_EQ(profile.duration_nanos(), 10'000'000'000);
}

TEST(PyroscopeIngest, NamesAndLines) {
  auto push = PushOfIngest(Post("name=app&format=lines", "main;a\nmain;a\n"));
  ASSERT_TRUE(push.ok()) << push.status();
  EXPECT_EQ(LabelsText(*push), "__name__=process_cpu,service_name=app");
  EXPECT_EQ(ProfileIn(*push).sample(0).value(0), 20'000'000);
  push = PushOfIngest(Post("name=app.inuse_space%7Bservice_name%3Dother%7D", "main 4096\n"));
  EXPECT_EQ(LabelsText(*push), "__name__=memory,service_name=other");
  EXPECT_EQ(ProfileIn(*push).sample(0).value(0), 4096);
}

TEST(PyroscopeIngest, Forms) {
  const std::string body =
      "--xyz\r\nContent-Disposition: form-data; name=\"profile\"; filename=\"p\"\r\n\r\n"
      "PROFILE\r\nwith a line\r\n--xyz\r\n"
      "Content-Disposition: form-data; name=\"prev_profile\"\r\n\r\nBEFORE\r\n--xyz\r\n"
      "Content-Disposition: form-data; name=\"sample_type_config\"\r\n\r\n"
      R"({"alloc_space": {"units": "bytes", "display-name": "alloc", "cumulative": true}})"
      "\r\n--xyz--\r\n";
  const auto push =
      PushOfIngest(Post("name=app&spyName=gospy", body, "multipart/form-data; boundary=xyz"));
  ASSERT_TRUE(push.ok()) << push.status();
  EXPECT_EQ(LabelsText(*push), "service_name=app");
  const auto& sample = push->series(0).samples(0);
  EXPECT_EQ(sample.raw_profile(), "PROFILE\r\nwith a line");
  EXPECT_EQ(sample.previous_profile(), "BEFORE");
  ASSERT_EQ(sample.type_rules_size(), 1);
  EXPECT_EQ(sample.type_rules(0).sample_type(), "alloc_space");
  EXPECT_EQ(sample.type_rules(0).display_name(), "alloc");
  EXPECT_TRUE(sample.type_rules(0).cumulative());
  for (size_t size = 0; size < body.size() - 4; ++size) {
    EXPECT_FALSE(ParseForm("multipart/form-data; boundary=xyz", body.substr(0, size)).ok());
  }
}

TEST(PyroscopeIngest, WhatIsWrongIsTold) {
  const auto error = [](std::string query, std::string body, const std::string& type = "") {
    const auto push = PushOfIngest(Post(std::move(query), std::move(body), type));
    EXPECT_EQ(push.status().code(), absl::StatusCode::kInvalidArgument);
    return Message(push.status());
  };
  EXPECT_THAT(error("", "a 1"), HasSubstr("`name` is missing"));
  EXPECT_THAT(error("name=a%7Bx", "a 1"), HasSubstr("brace"));
  EXPECT_THAT(error("name=a&format=jfr", ""), HasSubstr("send folded, lines or pprof"));
  EXPECT_THAT(error("name=a&sampleRate=0", "a 1"), HasSubstr("`sampleRate`"));
  EXPECT_THAT(error("name=a", "no count"), HasSubstr("no folded stack"));
  EXPECT_THAT(error("name=a", "x", "multipart/form-data"), HasSubstr("boundary"));
  EXPECT_THAT(error("name=a", "x", "multipart/form-data; boundary=b"), HasSubstr("no whole"));
}

}  // namespace
}  // namespace flamekeep::server
