// What tests of RedisStreamSource share, beside RedisFixture: entries and their ids.
//
// Thread safety: none.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_TEST_FIXTURE_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_TEST_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "ingest/redis_stream_source.h"
#include "ingest/redis_test_fixture.h"
#include "ingest/redis_testing.h"
#include "storage/column.h"

namespace flamekeep::ingest {

inline constexpr char kType[] = "excimer:samples:count::";

class RedisStreamSourceTest : public RedisFixture<RedisStreamSource> {
 protected:
  RedisStreamSourceTest() {
    // Ids are compared with the server's clock.
    begin_ = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) / 60 * 60) - absl::Minutes(10);
  }

  RedisSourceOptions Options(const RedisAddress& address,
                             std::vector<std::string> streams = {"excimer"}) {
    RedisSourceOptions options = RedisFixture::Options(address);
    options.streams = std::move(streams);
    options.now = [] { return absl::Now(); };
    return options;
  }

  // Total value of a profile type (five parts), under whatever labels.
  uint64_t Total(std::string_view type) {
    EXPECT_TRUE(store_->Flush().ok());
    const std::vector<storage::SeriesKey> series = store_->Series();
    const auto snapshot = *store_->NewSnapshot();
    std::vector<storage::SeriesId> ids;
    for (uint32_t i = 1; i < series.size(); ++i) {
      if (series[i].profile_type == type) ids.push_back(storage::SeriesId{i});
    }
    const auto plan = snapshot->MakePlan(begin_, begin_ + absl::Hours(2), ids);
    uint64_t total = 0;
    const auto add = [&](std::unique_ptr<storage::ColumnHandle> column) -> absl::Status {
      storage::ColumnHeader header;
      EXPECT_TRUE(storage::DecodeColumn(column->encoded(), &header).ok());
      total += header.total;
      return absl::OkStatus();
    };
    EXPECT_TRUE(snapshot->Read(*plan, add, [] { return absl::OkStatus(); }).ok());
    return total;
  }

  // The id of an entry so long after `begin_`.
  std::string Id(absl::Duration after, int seq = 0) const {
    return std::to_string(Ms(after)) + "-" + std::to_string(seq);
  }

  std::string Add(TestRedis* redis, const std::string& id, const std::string& stack,
                  const std::string& stream = "excimer") {
    return redis->Command({"XADD", stream, id, "stack", stack});
  }
  void AddMany(TestRedis* redis, int count, const std::string& stack,
               const std::string& stream = "excimer") {
    for (int i = 0; i < count; ++i) Add(redis, Id(absl::ZeroDuration(), i + 1), stack, stream);
  }

  bool AtEnd(const RedisStreamSource& source, TestRedis* redis, size_t index = 0) {
    return Eventually([&] {
      const RedisStatus status = source.Status()[index];
      return status.position == LastId(redis, status.name) && status.queued == 0;
    });
  }
  static std::string LastId(TestRedis* redis, const std::string& stream) {
    // EVAL, as the reply to XINFO is no text.
    return redis->Command({"EVAL",
                           "local i = redis.call('XINFO', 'STREAM', KEYS[1]) for k = 1, #i, 2 do "
                           "if i[k] == 'last-generated-id' then return i[k + 1] end end",
                           "1", stream});
  }
  int next_ = 1;

  bool Failed(const RedisStreamSource& source, const std::string& reason, size_t index = 0) {
    return Eventually([&] {
      const RedisStatus status = source.Status()[index];
      return !status.connected && status.last_error.find(reason) != std::string::npos;
    });
  }
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_TEST_FIXTURE_H_
