#include "ingest/redis_stream_client.h"

#include <array>
#include <charconv>

#include "base/status.h"
#include "base/steady_clock.h"
#include "ingest/folded.h"

namespace flamekeep::ingest {
namespace {

using Kind = RedisValue::Kind;

// The replies of a look, in the order of its commands. ROLE stands outside the transaction: a user
// may be forbidden to call it, and is then taken to read from a master.
constexpr size_t kRoleReply = 0;
constexpr size_t kExecReply = 5;
// Within EXEC's.
constexpr size_t kTime = 0;
constexpr size_t kInfo = 1;
constexpr size_t kEntries = 2;

constexpr int64_t kMaxSeconds = int64_t{1} << 40;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr std::string_view kNoSuchKey = "ERR no such key";

}  // namespace

absl::StatusOr<std::unique_ptr<RedisStreamClient>> RedisStreamClient::Open(
    const RedisLogin& login, absl::Duration connect_timeout, absl::Duration reply_timeout,
    int wake_fd) {
  std::unique_ptr<RedisStreamClient> client(new RedisStreamClient(reply_timeout));
  FLAMEKEEP_ASSIGN_OR_RETURN(client->connection_,
                             RedisConnection::Open(login, connect_timeout, wake_fd, client.get()));
  return client;
}

absl::Status RedisStreamClient::Call(absl::Span<const std::vector<std::string>> commands,
                                     absl::Duration timeout) {
  replies_ = 0;
  refused_.clear();
  malformed_ = got_ = false;
  for (const std::vector<std::string>& command : commands) {
    FLAMEKEEP_RETURN_IF_ERROR(connection_->Send(command, SteadyNow() + reply_timeout_));
  }
  absl::Time deadline = SteadyNow() + timeout;
  while (replies_ < commands.size()) {
    const absl::Time now = SteadyNow();
    if (now >= deadline) {
      return connection_->Unavailable(
          fmt::format("does not answer for {}", absl::FormatDuration(timeout)));
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t bytes, connection_->Read(deadline - now));
    if (connection_->woken()) return absl::CancelledError("woken");
    if (bytes > 0) deadline = SteadyNow() + reply_timeout_;
  }
  // A count that the stream can not have.
  if (looking_ && round_.length < round_.entries) malformed_ = true;
  if (malformed_) return connection_->Unavailable("gives an answer that is not Redis's");
  if (refused_.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "{}",
               Message(connection_->Unavailable(fmt::format("the server says: {}", refused_))));
}

absl::StatusOr<RedisStreamRound> RedisStreamClient::Look(const std::string& stream,
                                                         RedisStreamId after, uint64_t count,
                                                         RedisStreamEntries* entries) {
  const std::vector<std::string> commands[] = {
      {"ROLE"},
      {"MULTI"},
      {"TIME"},
      {"XINFO", "STREAM", stream},
      {"XREAD", "COUNT", std::to_string(count), "STREAMS", stream, after.Text()},
      {"EXEC"}};
  static_assert(std::size(commands) == kExecReply + 1);
  looking_ = true;
  round_ = {.exists = true};
  entries_ = entries;
  in_entry_ = enough_ = false;
  const absl::Status status = Call(commands, reply_timeout_);
  looking_ = false;
  FLAMEKEEP_RETURN_IF_ERROR(status);
  round_.full = enough_ || round_.entries >= count;
  return round_;
}

absl::StatusOr<bool> RedisStreamClient::WaitForEntries(absl::Span<const Place> places,
                                                       absl::Duration timeout) {
  std::vector<std::string> command = {
      "XREAD",
      "COUNT",
      "1",
      "BLOCK",
      std::to_string(std::max<int64_t>(absl::ToInt64Milliseconds(timeout), 1)),
      "STREAMS"};
  for (const Place& place : places) command.push_back(place.first);
  for (const Place& place : places) command.push_back(place.second.Text());
  FLAMEKEEP_RETURN_IF_ERROR(Call({command}, timeout + reply_timeout_));
  return got_;
}

void RedisStreamClient::Refuse(std::string_view text) {
  if (refused_.empty()) AppendReadable(text, &refused_);
}

void RedisStreamClient::OnValue(const RedisValue& value) {
  if (looking_) return OnLook(value);
  if (value.kind == Kind::kError) return Refuse(value.text);
  if (value.path.empty()) got_ = value.kind != Kind::kNil;
}

absl::Status RedisStreamClient::OnReplyEnd() {
  if (in_entry_) FinishEntry();
  ++replies_;
  return absl::OkStatus();
}

void RedisStreamClient::OnLook(const RedisValue& value) {
  if (replies_ == kRoleReply) {
    if (value.path.size() == 1 && value.path[0] == 0) round_.replica = value.text == "slave";
    return;
  }
  if (value.path.empty()) {
    if (value.kind == Kind::kError) return Refuse(value.text);
    malformed_ = malformed_ || (replies_ == kExecReply && value.kind != Kind::kArray);
    return;
  }
  if (replies_ != kExecReply) return;
  switch (value.path[0]) {
    case kTime:
      return OnTime(value);
    case kInfo:
      return OnInfo(value);
    case kEntries:
      return OnEntries(value);
    default:
      return;
  }
}

bool RedisStreamClient::ParseId(const RedisValue& value, RedisStreamId* id) {
  const std::optional<RedisStreamId> parsed = RedisStreamId::Parse(value.text);
  malformed_ = malformed_ || !parsed;
  if (parsed) *id = *parsed;
  return parsed.has_value();
}

// Seconds, and microseconds.
void RedisStreamClient::OnTime(const RedisValue& value) {
  if (value.path.size() != 2) return;
  int64_t number = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [parsed, error] = std::from_chars(value.text.data(), end, number);
  const bool seconds = value.path[1] == 0;
  if (error != std::errc() || parsed != end || number < 0 ||
      number >= (seconds ? kMaxSeconds : kMicrosPerSecond)) {
    malformed_ = true;
    return;
  }
  round_.time_ms += seconds ? number * 1000 : number / 1000;
}

// Names and values in turn.
void RedisStreamClient::OnInfo(const RedisValue& value) {
  if (value.kind == Kind::kError) {
    if (!value.text.starts_with(kNoSuchKey)) return Refuse(value.text);
    round_.exists = false;
    return;
  }
  // The id of the first entry stands one level deeper.
  if (value.path.size() == 3 && value.path[2] == 0 && info_field_ == InfoField::kFirstEntry) {
    RedisStreamId id;
    if (ParseId(value, &id)) round_.first = id;
    return;
  }
  if (value.path.size() != 2) return;
  if (value.path[1] % 2 == 0) {
    info_field_ = value.text == "length"                 ? InfoField::kLength
                  : value.text == "last-generated-id"    ? InfoField::kLastGenerated
                  : value.text == "entries-added"        ? InfoField::kAdded
                  : value.text == "max-deleted-entry-id" ? InfoField::kDeleted
                  : value.text == "first-entry"          ? InfoField::kFirstEntry
                                                         : InfoField::kOther;
    return;
  }
  RedisStreamId id;
  switch (info_field_) {
    case InfoField::kLength:
      round_.length = static_cast<uint64_t>(value.number);
      break;
    case InfoField::kAdded:
      round_.added = static_cast<uint64_t>(value.number);
      break;
    case InfoField::kLastGenerated:
      ParseId(value, &round_.last_generated);
      break;
    case InfoField::kDeleted:
      if (ParseId(value, &id)) round_.deleted = id;
      break;
    case InfoField::kFirstEntry:
    case InfoField::kOther:
      break;
  }
}

// One stream [name, entries], an entry [id, [name, value, name, value, ...]].
void RedisStreamClient::OnEntries(const RedisValue& value) {
  if (value.kind == Kind::kError) return Refuse(value.text);
  constexpr size_t kIdDepth = 5;
  constexpr size_t kFieldDepth = 6;
  if (value.path.size() < kIdDepth || value.path[2] != 1) return;
  if (value.path.size() == kIdDepth && value.path[4] == 0) {
    if (in_entry_) FinishEntry();
    in_entry_ = ParseId(value, &entry_.id);
    entry_.stack.reset();
    entry_.type.reset();
    entry_.labels.reset();
    entry_.bytes = 0;
    return;
  }
  if (value.path.size() != kFieldDepth || !in_entry_) return;
  entry_.bytes += value.text.size();
  if (value.path[5] % 2 == 0) {
    field_ = value.text == "stack"    ? &entry_.stack
             : value.text == "type"   ? &entry_.type
             : value.text == "labels" ? &entry_.labels
                                      : nullptr;
  } else if (field_ != nullptr && !field_->has_value()) {
    *field_ = std::string(value.text);
  }
}

void RedisStreamClient::FinishEntry() {
  in_entry_ = false;
  enough_ = enough_ || !entries_->OnEntry(entry_);
  if (enough_) return;
  ++round_.entries;
  round_.last_read = entry_.id;
}

}  // namespace flamekeep::ingest
