// Late samples that clients push change exactly the buckets they belong to, whatever has been
// rolled up or has expired: a real gRPC server on a store whose clock and upkeep the test drives,
// against a list of samples.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "flamekeep/v1/ingest.grpc.pb.h"
#include "ingest/interner.h"
#include "ingest/pipeline.h"
#include "ingest/push.h"
#include "query/engine.h"
#include "server/grpc/grpc_server.h"
#include "storage/snapshot.h"
#include "storage/store_testing.h"

namespace flamekeep::server {
namespace {

using storage::Level;
using storage::StackValues;

const absl::Time kNow = absl::FromUnixSeconds(1'795'176'000);  // 2026-11-20T12:00Z
constexpr absl::Duration kDay = absl::Hours(24);

class LatePushTest : public testing::Test {
 protected:
  LatePushTest() {
    const auto now = [this] { return clock_.Now(); };
    pipeline_ = *ingest::Pipeline::Make(&interner_, {.metrics = &metrics_, .now = now});
    hub_ = std::make_unique<ingest::PushHub>(&*store_, pipeline_.get(),
                                             ingest::PushOptions{.now = now});
    server_ = *GrpcServer::Start({.address = "127.0.0.1:0", .query = {.metrics = &metrics_}},
                                 {.store = &*store_,
                                  .hub = hub_.get(),
                                  .engine = &engine_,
                                  .backups = &backups_,
                                  .metrics = &metrics_,
                                  .status = {.store = &*store_, .metrics = &metrics_, .redis = [] {
                                               return std::vector<ingest::RedisStatus>();
                                             }}});
    client_ = v1::IngestService::NewStub(
        grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  }

  storage::StoreOptions Options() {
    storage::StoreOptions options = storage::TestOptions(directory_.path(), &clock_);
    options.retention.keep[0] = 2 * kDay;
    options.retention.keep[1] = 5 * kDay;
    return options;
  }

  // Pushes one batch; how many of its lines were rejected, by reason.
  std::map<std::string, uint64_t> Push(
      const std::vector<std::pair<absl::Time, std::string>>& lines) {
    v1::IngestBatchRequest request;
    request.mutable_open()->set_source("client");
    request.mutable_open()->set_site("eqiad");
    request.mutable_open()->set_format(v1::FORMAT_TIMED_FOLDED);
    request.mutable_batch()->set_number(++number_);
    std::string text;
    for (const auto& [time, stack] : lines) {
      text += fmt::format("{}\texcimer\t{} 1\n", absl::ToUnixMicros(time), stack);
    }
    request.mutable_batch()->set_lines(text);
    grpc::ClientContext context;
    v1::IngestResponse response;
    const grpc::Status status = client_->IngestBatch(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.durable_number(), number_);
    std::map<std::string, uint64_t> rejected;
    for (const auto& one : response.counts().rejected()) rejected[one.reason()] = one.lines();
    for (const auto& [time, stack] : lines) {
      if (time > clock_.Now() - 7 * kDay) ++oracle_[time][stack];
    }
    return rejected;
  }

  StackValues Expected(absl::Time begin, absl::Time end) const {
    StackValues sum;
    for (auto it = oracle_.lower_bound(begin); it != oracle_.end() && it->first < end; ++it) {
      for (const auto& [stack, value] : it->second) sum[stack] += value;
    }
    return sum;
  }

  // Buckets that the store keeps at this width, in the ten days up to now: each `stride`-th.
  void Compare(absl::Duration width, absl::Duration kept, int stride) {
    for (absl::Time begin = kNow - absl::Hours(12) - 10 * kDay; begin < clock_.Now();
         begin += stride * width) {
      if (begin < clock_.Now() - kept + kDay) continue;
      ASSERT_EQ(store_.Sum("excimer", begin, begin + width), Expected(begin, begin + width))
          << begin << " + " << width;
    }
  }
  void CompareAll() {
    Compare(absl::Minutes(1), 2 * kDay, 7);
    Compare(absl::Hours(1), 5 * kDay, 1);
    Compare(kDay, 100 * kDay, 1);
    EXPECT_EQ(store_.Sum("excimer", kNow - 30 * kDay, kNow + 30 * kDay),
              Expected(kNow - 30 * kDay, kNow + 30 * kDay));
  }
  void RollUp() { ASSERT_TRUE(store_->RunMaintenance(/*force=*/true).ok()); }

  Metrics metrics_;
  storage::TestDirectory directory_;
  storage::TestClock clock_{kNow};
  storage::TestStore store_{Options()};
  ingest::StoreInterner interner_{&*store_};
  query::Engine engine_{&*store_};
  Backups backups_{"", &*store_, &metrics_};
  std::unique_ptr<ingest::Pipeline> pipeline_;
  std::unique_ptr<ingest::PushHub> hub_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<v1::IngestService::Stub> client_;
  uint64_t number_ = 0;
  std::map<absl::Time, std::map<std::string, uint64_t>> oracle_;
};

TEST_F(LatePushTest, ChangesExactlyItsBuckets) {
  std::mt19937 random(1);
  const auto push = [&](absl::Duration oldest, absl::Duration youngest, int count) {
    std::vector<std::pair<absl::Time, std::string>> lines;
    for (int i = 0; i < count; ++i) {
      const double share = static_cast<double>(random()) / static_cast<double>(random.max());
      lines.emplace_back(clock_.Now() - youngest - share * (oldest - youngest),
                         "main;f" + std::to_string(random() % 5));
    }
    EXPECT_TRUE(Push(lines).empty());
  };
  // Two days as they come, each rolled up; then minutes of the oldest expire.
  for (int day = 0; day < 4; ++day) {
    clock_.Set(kNow + day * kDay);
    push(kDay, absl::ZeroDuration(), 300);
    RollUp();
    CompareAll();
  }
  // Late: into minutes that were rolled up, into expired minutes, into expired hours.
  push(absl::Hours(20), absl::Hours(10), 20);
  CompareAll();
  push(absl::Hours(90), absl::Hours(75), 20);
  CompareAll();
  push(absl::Hours(160), absl::Hours(150), 20);
  CompareAll();
  RollUp();
  CompareAll();
  // What no rollup has seen yet, and what has been rolled up, in one.
  push(absl::Hours(160), absl::ZeroDuration(), 200);
  CompareAll();
  store_->Flush().IgnoreError();
  RollUp();
  CompareAll();
  EXPECT_TRUE(store_->Check()->empty());

  const auto rejected = Push({{clock_.Now() - 7 * kDay - absl::Seconds(1), "late"},
                              {clock_.Now() - absl::Hours(50), "good"}});
  EXPECT_EQ(rejected, (std::map<std::string, uint64_t>{{"too_late", 1}}));
  CompareAll();
}

}  // namespace
}  // namespace flamekeep::server
