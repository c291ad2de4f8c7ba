// A Redis server of a test's own: on a free port of the loopback interface, in a temporary
// directory, gone with the object.
//
// Thread safety: none.
#ifndef FLAMEKEEP_INGEST_REDIS_TESTING_H_
#define FLAMEKEEP_INGEST_REDIS_TESTING_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/redis_url.h"
#include "storage/store_testing.h"

struct redisContext;

namespace flamekeep::ingest {

class TestRedis {
 public:
  // `arguments` go to redis-server. Ends the test program where it can not be started.
  explicit TestRedis(std::vector<std::string> arguments = {});
  ~TestRedis();
  TestRedis(const TestRedis&) = delete;
  TestRedis& operator=(const TestRedis&) = delete;

  RedisAddress address() const { return {.host = "127.0.0.1", .port = port_}; }
  std::string socket_path() const { return directory_.path() + "/redis.sock"; }

  void Kill();
  void Start();  // after Kill(), on the same port
  void Pause();
  void Resume();

  // Sends a command and returns the reply as text: a number, a string, or "ERR ...".
  std::string Command(const std::vector<std::string>& words);
  // To how many subscribers the message went.
  int Publish(std::string_view channel, std::string_view payload);
  // Publishes all at once. REQUIRES: no password is needed.
  void PublishAll(std::string_view channel, const std::vector<std::string>& payloads);

 private:
  redisContext* Connection();

  storage::TestDirectory directory_;
  const std::vector<std::string> arguments_;
  uint16_t port_ = 0;
  pid_t process_ = 0;
  std::unique_ptr<redisContext, void (*)(redisContext*)> connection_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_TESTING_H_
