// For tests: a hub on a store of its own, with a clock that stands still.
#ifndef FLAMEKEEP_INGEST_PUSH_TESTING_H_
#define FLAMEKEEP_INGEST_PUSH_TESTING_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/interner.h"
#include "ingest/pipeline.h"
#include "ingest/push.h"
#include "storage/store_testing.h"

namespace flamekeep::ingest {

inline const absl::Time kDay = absl::FromCivil(absl::CivilDay(2026, 11, 20), absl::UTCTimeZone());

class PushTest : public ::testing::Test {
 protected:
  PushTest() : store_(storage::TestOptions(directory_.path(), &clock_)) { Start(); }

  // As a new process would find the store.
  void Restart() {
    session_.reset();
    hub_.reset();
    pipeline_.reset();
    store_.Reopen();
    Start();
  }

  void Start() {
    interner_ = std::make_unique<StoreInterner>(&*store_);
    MakeHub(Rules());
  }

  void MakeHub(Rules rules) {
    const auto now = [this] { return now_; };
    pipeline_ = *Pipeline::Make(interner_.get(), {.rules = std::move(rules),
                                                  .metrics = &metrics_,
                                                  .caches = {.stacks = 64, .frames = 64},
                                                  .now = now});
    hub_ = std::make_unique<PushHub>(
        &*store_, pipeline_.get(),
        PushOptions{
            .bounds = bounds_, .max_replacement_bytes = max_replacement_bytes_, .now = now});
  }

  PushIdentity Folded(std::string source = "client") {
    return {.source = std::move(source), .site = "eqiad", .profile_type = "excimer", .time = kDay};
  }
  PushIdentity Timed() {
    return {.source = "client", .site = "eqiad", .format = PushFormat::kTimedFolded};
  }
  PushIdentity Log(storage::Level level, absl::Time time) {
    return {.source = "log",
            .site = "eqiad",
            .kind = storage::SourceKind::kImport,
            .profile_type = "excimer",
            .time = time,
            .resolution = level,
            .owner = "logs"};
  }

  void Open(const PushIdentity& identity) {
    session_.reset();
    auto session = hub_->Open(identity);
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
  }

  // Appends and waits until it is durable.
  Appended Append(const PushBatch& batch) {
    const auto appended = session_->Append(batch);
    EXPECT_TRUE(appended.ok()) << appended.status();
    if (!appended.ok()) return {};
    if (appended->ticket) {
      absl::Notification durable;
      store_->OnDurable(*appended->ticket, [&durable] { durable.Notify(); });
      durable.WaitForNotification();
    }
    return *appended;
  }

  absl::StatusCode AppendError(const PushBatch& batch) {
    return session_->Append(batch).status().code();
  }

  void ReplaceAll(storage::Level level, absl::Time time, std::string_view lines, uint64_t number,
                  bool subtract_finer = false) {
    Open(Log(level, time));
    Append({.number = number,
            .lines = lines,
            .replace = PushBatch::Replace{.last = true, .subtract_finer = subtract_finer}});
  }

  storage::StackValues Sum(absl::Time begin = kDay, absl::Time end = kDay + absl::Hours(24)) {
    return store_.Sum("excimer", begin, end);
  }

  absl::Time now_ = kDay + absl::Hours(48);
  PushBounds bounds_;
  uint64_t max_replacement_bytes_ = uint64_t{1} << 20;
  Metrics metrics_;
  storage::TestDirectory directory_;
  storage::TestClock clock_{kDay + absl::Hours(24 * 56)};  // the store's
  storage::TestStore store_;
  std::unique_ptr<StoreInterner> interner_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<PushHub> hub_;
  std::unique_ptr<PushSession> session_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_TESTING_H_
