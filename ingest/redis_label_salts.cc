#include "ingest/redis_label_salts.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "ingest/folded.h"
#include "ingest/redis_connection.h"
#include "ingest/redis_reader.h"
#include "ingest/waker.h"

namespace flamekeep::ingest {
namespace {

// Clocks of servers that share salts may differ by so much: no salt is made when another server may
// think that it has expired.
constexpr absl::Duration kClockSkew = absl::Minutes(5);
// As many are asked for at once.
constexpr size_t kSaltsAtOnce = 64;

// One reply, as far as it is a string or an error, or strings in an array.
struct SaltReply {
  std::optional<std::string> text;  // the last string
  std::string error;
};

// Collects the replies of some commands.
class SaltReplies final : public RedisReplies {
 public:
  ~SaltReplies() override { clear(); }

  void OnValue(const RedisValue& value) override {
    if (value.kind == RedisValue::Kind::kError) AppendReadable(value.text, &current_.error);
    if (value.kind != RedisValue::Kind::kString) return;
    if (current_.text) Wipe(&*current_.text);
    current_.text = std::string(value.text.substr(0, kMaxText));
  }
  absl::Status OnReplyEnd() override {
    replies_.push_back(std::exchange(current_, {}));
    return absl::OkStatus();
  }

  const std::vector<SaltReply>& replies() const { return replies_; }
  void clear() {
    for (SaltReply& reply : replies_) {
      if (reply.text) Wipe(&*reply.text);
    }
    replies_.clear();
  }

 private:
  static constexpr size_t kMaxText = 256;

  SaltReply current_;
  std::vector<SaltReply> replies_;
};

}  // namespace

struct RedisLabelSalts::Impl {
  Impl(RedisLabelSaltsOptions from, LabelSalts* target, Metrics* metrics)
      : options(std::move(from)),
        salts(target),
        connected(metrics->GetGauge("label_salts_connected",
                                    "1 while the Redis server that label_salts names answers, "
                                    "else 0.",
                                    {{"server", options.address.Display()}})),
        failures(metrics->GetCounter("label_salts_errors_total", Severity::kError,
                                     "Times the Redis server that label_salts names could not be "
                                     "asked for salts.",
                                     {{"server", options.address.Display()}})) {}

  void Run();
  // Offers and takes all salts that are wanted. Tells where that begins or ends to fail.
  bool Exchange();
  absl::Status TryExchange();
  absl::Status ExchangeSome(absl::Span<const LabelSalts::Wanted> wanted);
  // Sends commands and waits for their replies.
  absl::Status Call(const std::vector<std::vector<std::string>>& commands);
  void TakeAnswer(const LabelSalts::Wanted& wanted, const SaltReply& reply);
  void WarnOfDisk();
  std::string KeyOf(SaltPeriod period) const;

  const RedisLabelSaltsOptions options;
  LabelSalts* const salts;
  Gauge& connected;
  Counter& failures;
  Waker waker;
  std::atomic<bool> stopping{false};
  SaltReplies replies;
  std::unique_ptr<RedisConnection> connection;  // while salts are exchanged
  bool checked_disk = false;
  std::string last_error = "it was not asked yet";
  absl::Notification tried;  // for the first time
  std::thread thread;
};

std::string RedisLabelSalts::Impl::KeyOf(SaltPeriod period) const {
  return fmt::format("flamekeep:label-salt:{}:{}", absl::ToInt64Seconds(salts->options().rotate),
                     static_cast<int64_t>(period));
}

void RedisLabelSalts::Impl::Run() {
  bool well = Exchange();
  tried.Notify();
  while (!stopping) {
    salts->WaitForWanted(well ? options.interval : options.retry);
    if (stopping) return;
    well = Exchange();
  }
}

bool RedisLabelSalts::Impl::Exchange() {
  const absl::Status status = TryExchange();
  connection.reset();
  connected.Set(status.ok() ? 1 : 0);
  if (absl::IsCancelled(status)) return false;
  const std::string error = status.ok() ? "" : std::string(Message(status));
  if (!status.ok()) failures.Add();
  if (error != last_error) {
    last_error = error;
    if (status.ok()) {
      spdlog::info("salts of labels are shared through {}", options.address.Display());
    } else {
      spdlog::warn(
          "salts of labels can not be had: {}; streams wait where they need one, other samples "
          "lose "
          "the labels that are to be hashed",
          error);
    }
  }
  return status.ok();
}

absl::Status RedisLabelSalts::Impl::TryExchange() {
  const std::vector<LabelSalts::Wanted> wanted = salts->Shared();
  RedisLogin login{.address = options.address};
  if (!options.password_file.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(login.password, ReadPasswordFile(options.password_file));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(connection,
                             RedisConnection::Open(login, options.timeout, waker.fd(), &replies));
  if (!checked_disk) WarnOfDisk();
  for (size_t i = 0; i < wanted.size(); i += kSaltsAtOnce) {
    FLAMEKEEP_RETURN_IF_ERROR(ExchangeSome(absl::MakeConstSpan(wanted).subspan(i, kSaltsAtOnce)));
  }
  return absl::OkStatus();
}

absl::Status RedisLabelSalts::Impl::ExchangeSome(absl::Span<const LabelSalts::Wanted> wanted) {
  std::vector<std::vector<std::string>> commands;
  std::vector<size_t> gets;  // where their replies are
  for (const LabelSalts::Wanted& one : wanted) {
    if (one.left > kClockSkew) {
      std::shared_ptr<const LabelKey> key = one.key;
      if (key == nullptr) {
        FLAMEKEEP_ASSIGN_OR_RETURN(key, LabelKey::Random());
      }
      const int64_t seconds = absl::ToInt64Seconds(one.left) + 1;
      commands.push_back({"SET", KeyOf(one.period), std::string(key->bytes()), "NX", "EX",
                          std::to_string(seconds)});
    }
    gets.push_back(commands.size());
    commands.push_back({"GET", KeyOf(one.period)});
  }
  absl::Status status = Call(commands);
  for (std::vector<std::string>& command : commands) {
    if (command[0] == "SET") Wipe(&command[2]);
  }
  for (size_t i = 0; status.ok() && i < gets.size(); ++i) {
    // A server that refuses a SET, full or a replica, may have the salt all the same.
    const SaltReply& reply = replies.replies()[gets[i]];
    const bool made = gets[i] > 0 && commands[gets[i] - 1][0] == "SET";
    const std::string& refused = made ? replies.replies()[gets[i] - 1].error : reply.error;
    if (reply.text || (refused.empty() && reply.error.empty())) {
      TakeAnswer(wanted[i], reply);
    } else {
      status = connection->Unavailable(
          fmt::format("the server says: {:.200}", reply.error.empty() ? refused : reply.error));
    }
  }
  replies.clear();
  return status;
}

void RedisLabelSalts::Impl::TakeAnswer(const LabelSalts::Wanted& wanted, const SaltReply& reply) {
  if (!reply.text) {
    // Nobody will make it any more.
    if (wanted.left <= kClockSkew) salts->SetGone(wanted.period);
    return;
  }
  absl::StatusOr<std::unique_ptr<const LabelKey>> key = LabelKey::From(*reply.text);
  if (key.ok()) return salts->Share(wanted.period, *std::move(key));
  spdlog::error("the Redis key {} at {} can not be used: {}", KeyOf(wanted.period),
                options.address.Display(), Message(key.status()));
}

absl::Status RedisLabelSalts::Impl::Call(const std::vector<std::vector<std::string>>& commands) {
  replies.clear();
  const absl::Time deadline = SteadyNow() + options.timeout;
  for (const std::vector<std::string>& command : commands) {
    FLAMEKEEP_RETURN_IF_ERROR(connection->Send(command, deadline));
  }
  while (replies.replies().size() < commands.size()) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return connection->Unavailable(
          fmt::format("does not answer for {}", absl::FormatDuration(options.timeout)));
    }
    FLAMEKEEP_RETURN_IF_ERROR(connection->Read(left).status());
    if (connection->woken()) return absl::CancelledError("woken");
  }
  return absl::OkStatus();
}

void RedisLabelSalts::Impl::WarnOfDisk() {
  if (!Call({{"CONFIG", "GET", "save"}, {"CONFIG", "GET", "appendonly"}}).ok()) return;
  checked_disk = true;
  const SaltReply& save = replies.replies()[0];
  const SaltReply& append = replies.replies()[1];
  if (!save.error.empty() || !append.error.empty()) {
    spdlog::warn(
        "{} does not say whether it writes salts of labels to disk (CONFIG GET is refused): see to "
        "it that `save` is empty and `appendonly` is no",
        options.address.Display());
  } else if (!save.text.value_or("").empty() || append.text.value_or("no") != "no") {
    spdlog::warn(
        "{} writes its data to disk, and the salts of labels with them, which are then as safe as "
        "that disk: set `save \"\"` and `appendonly no` there, or name another server in "
        "label_salts",
        options.address.Display());
  }
  replies.clear();
}

absl::StatusOr<std::unique_ptr<RedisLabelSalts>> RedisLabelSalts::Start(
    RedisLabelSaltsOptions options, LabelSalts* salts, Metrics* metrics) {
  if (!options.password_file.empty()) {
    FLAMEKEEP_RETURN_IF_ERROR(ReadPasswordFile(options.password_file).status());
  }
  auto impl = std::make_unique<Impl>(std::move(options), salts, metrics);
  impl->thread = std::thread([sharing = impl.get()] { sharing->Run(); });
  impl->tried.WaitForNotificationWithTimeout(impl->options.timeout);
  return std::unique_ptr<RedisLabelSalts>(new RedisLabelSalts(std::move(impl)));
}

RedisLabelSalts::RedisLabelSalts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RedisLabelSalts::~RedisLabelSalts() {
  impl_->stopping = true;
  impl_->salts->Stop();
  impl_->waker.Wake();
  impl_->thread.join();
}

}  // namespace flamekeep::ingest
