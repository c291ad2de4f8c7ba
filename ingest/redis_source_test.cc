// RedisSource against a real Redis server that is killed, stopped and locked.
#include "ingest/redis_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "ingest/redis_test_fixture.h"
#include "ingest/redis_testing.h"

namespace flamekeep::ingest {
namespace {

using storage::StackValues;
using ::testing::HasSubstr;

class RedisSourceTest : public RedisFixture<RedisSource> {};

TEST_F(RedisSourceTest, MessagesBecomeSamplesOfTheirMinute) {
  TestRedis redis;
  auto source = Start(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  EXPECT_EQ(redis.Publish("excimer", "a;b 1"), 1);
  EXPECT_EQ(redis.Publish("excimer-wall", "a;w 3"), 1);
  EXPECT_EQ(redis.Publish("other", "x 1"), 0);
  ASSERT_TRUE(Received(*source, 1, 0));
  ASSERT_TRUE(Received(*source, 1, 1));
  clock_.Set(kNoon + absl::Minutes(1));
  redis.Publish("excimer", "a;b 5");
  ASSERT_TRUE(Received(*source, 2));
  source->Stop();
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a;b", 1}}));
  EXPECT_EQ(Sum("excimer-wall"), (StackValues{{"a;w", 3}}));
  EXPECT_EQ(Sum("excimer", kNoon + absl::Minutes(1)), (StackValues{{"a;b", 5}}));

  const RedisStatus status = source->Status()[0];
  EXPECT_EQ(status.site, "eqiad");
  EXPECT_EQ(status.name, "excimer");
  EXPECT_EQ(status.address, redis.address().Display());
  EXPECT_EQ(status.last_message, kNoon + absl::Minutes(1));
  EXPECT_EQ(status.last_error, "");
  EXPECT_EQ(status.queued, 0u);
  EXPECT_FALSE(status.connected);
  EXPECT_EQ(Count("redis_messages_total"), 3);
}

TEST_F(RedisSourceTest, AnyBytes) {
  TestRedis redis;
  auto source = Start(Options(redis.address()));
  ASSERT_TRUE(Connected(*source));
  redis.PublishAll("excimer", {"a\xff 1", "", "no count", std::string("n\0m 1", 5),
                               "two 1\nlines 2", std::string(2 << 20, 'x') + " 1", "end 1"});
  ASSERT_TRUE(Received(*source, 7));
  source->Stop();
  EXPECT_EQ(Sum("excimer"),
            (StackValues{{"a\\xFF", 1}, {"n\\x00m", 1}, {"two", 1}, {"lines", 2}, {"end", 1}}));
  EXPECT_EQ(Count("ingest_rejected_lines_total"), 2);
  EXPECT_EQ(Count("ingest_empty_lines_total"), 1);
}

TEST_F(RedisSourceTest, StopHandsOverEverything) {
  TestRedis redis;
  auto options = Options(redis.address());
  options.chunk_age = absl::Hours(1);
  options.chunk_bytes = 1000;
  auto source = Start(options);
  ASSERT_TRUE(Connected(*source));
  redis.PublishAll("excimer", std::vector<std::string>(2000, "a;b;c 1"));
  ASSERT_TRUE(Received(*source, 2000));
  source->Stop();
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a;b;c", 2000}}));
}

TEST_F(RedisSourceTest, AServerThatIsNotThereYet) {
  TestRedis redis;
  redis.Kill();
  auto source = Start(Options(redis.address()));
  ASSERT_TRUE(Eventually([&] { return source->Status()[0].last_error != ""; }));
  EXPECT_THAT(source->Status()[0].last_error, HasSubstr("can not connect"));
  EXPECT_THAT(source->Status()[0].last_error, HasSubstr(redis.address().Display()));
  EXPECT_FALSE(source->Status()[0].connected);
  redis.Start();
  ASSERT_TRUE(Connected(*source));
}

TEST_F(RedisSourceTest, ReconnectsWhenTheServerCameBack) {
  TestRedis redis;
  auto source = Start(Options(redis.address()));
  for (uint64_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(Eventually([&] { return redis.Publish("excimer", "a 1") == 1; }));
    ASSERT_TRUE(Received(*source, round));
    redis.Kill();
    ASSERT_TRUE(Eventually([&] { return !source->Status()[0].connected; }));
    EXPECT_THAT(source->Status()[0].last_error, HasSubstr(redis.address().Display()));
    redis.Start();
  }
  source->Stop();
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a", 3}}));
  EXPECT_EQ(Count("redis_disconnects_total"), 3);
  EXPECT_GE(Count("redis_connects_total"), 3);
}

TEST_F(RedisSourceTest, ASilentServerIsLeftAndFoundAgain) {
  TestRedis redis;
  auto options = Options(redis.address());
  options.ping_after = absl::Milliseconds(100);
  auto source = Start(options);
  ASSERT_TRUE(Connected(*source));
  redis.Pause();
  ASSERT_TRUE(Eventually([&] { return !source->Status()[0].connected; }));
  EXPECT_THAT(source->Status()[0].last_error, HasSubstr("PING"));
  ASSERT_TRUE(Eventually(
      [&] { return source->Status()[0].last_error.find("no answer") != std::string::npos; }));
  redis.Resume();
  ASSERT_TRUE(Connected(*source));
  ASSERT_TRUE(Eventually([&] { return redis.Publish("excimer", "a 1") >= 1; }));
  EXPECT_TRUE(Received(*source, 1));
}

TEST_F(RedisSourceTest, NoMessagesIsNoReasonToLeave) {
  TestRedis redis;
  auto options = Options(redis.address());
  options.ping_after = absl::Milliseconds(500);
  auto source = Start(options);
  ASSERT_TRUE(Connected(*source));
  absl::SleepFor(absl::Seconds(2));
  EXPECT_EQ(Count("redis_connects_total"), 1);
  EXPECT_EQ(source->Status()[0].last_error, "");
  clock_.Set(kNoon + absl::Seconds(90));
  EXPECT_TRUE(Eventually([&] { return Count("redis_silence_seconds") == 2 * 90; }));
}

TEST_F(RedisSourceTest, Passwords) {
  TestRedis redis({"--requirepass", "secret"});
  RedisAddress address = redis.address();
  auto open = Start(Options(address));
  ASSERT_TRUE(Eventually([&] { return open->Status()[0].last_error != ""; }));
  EXPECT_THAT(open->Status()[0].last_error, HasSubstr("NOAUTH"));
  address.password = "wrong";
  auto wrong = Start(Options(address));
  ASSERT_TRUE(Eventually([&] { return wrong->Status()[0].last_error != ""; }));
  EXPECT_THAT(wrong->Status()[0].last_error, HasSubstr("WRONGPASS"));
  address.password = "secret";
  EXPECT_TRUE(Connected(*Start(Options(address))));

  // From a file, which is read again for each attempt.
  auto options = Options(redis.address());
  options.password_file = directory_.path() + "/password";
  std::ofstream(options.password_file) << "wrong\n";
  auto file = Start(options);
  ASSERT_TRUE(Eventually([&] { return file->Status()[0].last_error != ""; }));
  std::ofstream(options.password_file) << "secret\n";
  EXPECT_TRUE(Connected(*file));
}

TEST_F(RedisSourceTest, UserWithRights) {
  TestRedis redis;
  ASSERT_EQ(redis.Command({"ACL", "SETUSER", "reader", "on", ">p@ss", "+subscribe", "+ping",
                           "resetchannels", "&excimer"}),
            "OK");
  RedisAddress address = redis.address();
  address.user = "reader";
  address.password = "p@ss";
  auto options = Options(address);
  options.channels = {"excimer"};
  auto source = Start(options);
  ASSERT_TRUE(Connected(*source));
  options.channels = {"excimer", "excimer-wall"};
  auto refused = Start(options);
  ASSERT_TRUE(Eventually([&] { return refused->Status()[0].last_error != ""; }));
  EXPECT_THAT(refused->Status()[0].last_error, HasSubstr("NOPERM"));
}

TEST_F(RedisSourceTest, DatabaseAndUnixSocket) {
  TestRedis redis;
  auto source = Start(Options({.socket_path = redis.socket_path(), .db = 3}));
  ASSERT_TRUE(Connected(*source));
  EXPECT_EQ(redis.Publish("excimer", "a 1"), 1);
  EXPECT_TRUE(Received(*source, 1));
}

TEST_F(RedisSourceTest, TwoServersAtOnce) {
  TestRedis first;
  TestRedis second;
  auto one = Start(Options(first.address()));
  auto options = Options(second.address());
  options.site = "codfw";
  auto two = Start(options);
  ASSERT_TRUE(Connected(*one) && Connected(*two));
  first.PublishAll("excimer", {"a 1", "a 1"});
  second.PublishAll("excimer", {"b 1"});
  ASSERT_TRUE(Received(*one, 2) && Received(*two, 1));
  first.Kill();
  second.PublishAll("excimer", {"b 1"});
  ASSERT_TRUE(Received(*two, 2));
  one->Stop();
  two->Stop();
  EXPECT_EQ(Sum("excimer"), (StackValues{{"a", 2}}));
  EXPECT_EQ(Sum("excimer", kNoon, "codfw"), (StackValues{{"b", 2}}));
}

TEST_F(RedisSourceTest, WhatTheQueueCanNotHoldIsCounted) {
  TestRedis redis;
  auto options = Options(redis.address());
  options.queue_bytes = 1;  // one chunk
  options.chunk_bytes = 1;  // one message
  auto source = Start(options);
  ASSERT_TRUE(Connected(*source));
  redis.PublishAll("excimer", std::vector<std::string>(5000, "a 1"));
  ASSERT_TRUE(Received(*source, 5000));
  source->Stop();
  const double dropped = Count("redis_queue_full_messages_total");
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(static_cast<double>(Sum("excimer")["a"]) + dropped, 5000);
}

TEST_F(RedisSourceTest, WhatCanNotBeStarted) {
  const auto code = [&](auto change) {
    auto options = Options({.host = "127.0.0.1"});
    change(&options);
    return RedisSource::Start(options, pipeline_.get(), &*store_).status().code();
  };
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->channels = {}; }),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->channels = {"no type"}; }),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->site = "no site"; }),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](RedisSourceOptions* o) { o->password_file = "/no/such/file"; }),
            absl::StatusCode::kNotFound);
}

TEST_F(RedisSourceTest, SomethingThatIsNoRedis) {
  const std::string path = directory_.path() + "/other.sock";
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  auto source = Start(Options({.socket_path = path}));
  const int connection = accept(listener, nullptr, nullptr);
  constexpr std::string_view kAnswer = "220 mail.example.org ESMTP\r\n";
  EXPECT_EQ(write(connection, kAnswer.data(), kAnswer.size()), ssize_t{kAnswer.size()});
  EXPECT_TRUE(Eventually([&] {
    return source->Status()[0].last_error.find("does not speak Redis") != std::string::npos;
  }));
  source->Stop();
  source->Stop();
  close(connection);
  close(listener);
}

}  // namespace
}  // namespace flamekeep::ingest
