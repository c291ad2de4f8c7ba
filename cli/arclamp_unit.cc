#include "cli/arclamp_unit.h"

#include <fmt/format.h>

#include <utility>

#include "base/status.h"
#include "cli/chunk_reader.h"
#include "cli/input.h"

namespace flamekeep::cli {
namespace {

constexpr char kLogProblemUrl[] = "flamekeep.cli/log-problem";

absl::Status LogProblem(absl::Status status) {
  status.SetPayload(kLogProblemUrl, absl::Cord());
  return status;
}

// Calls `take` with each chunk of the unit's logs; it may move the string away, and gives back one
// to use. Returns the state of what was read.
absl::StatusOr<LogState> ReadChunks(
    const ArcLampUnit& unit, const std::function<void(uint64_t)>& progress,
    const std::function<bool()>& cancelled,
    const std::function<absl::StatusOr<std::string>(std::string)>& take) {
  LogState state;
  std::vector<LogFile> files = unit.files;  // as they are when they are opened
  uint64_t done = 0;
  std::string chunk;
  for (LogFile& file : files) {
    absl::StatusOr<std::unique_ptr<Input>> input = Input::Open(file.path);
    if (!input.ok()) return LogProblem(input.status());
    const RawInput& raw = (*input)->raw();
    file.size = raw.size();
    file.mtime_nanos = raw.mtime_nanos();
    ChunkReader reader(input->get(), nullptr, (*input)->is_finished());
    while (true) {
      if (cancelled()) return absl::CancelledError("interrupted");
      const absl::StatusOr<bool> more = reader.Next(&chunk);
      if (!more.ok()) return LogProblem(more.status());
      if (!*more) break;
      // Another log may follow.
      if (chunk.back() != '\n') chunk.push_back('\n');
      AddLines(chunk, &state);
      progress(done + raw.position());
      FLAMEKEEP_ASSIGN_OR_RETURN(chunk, take(std::move(chunk)));
    }
    done += raw.position();
  }
  state.files = DigestOfFiles(files);
  return state;
}

}  // namespace

bool IsLogProblem(const absl::Status& status) {
  return status.GetPayload(kLogProblemUrl).has_value();
}

v1::OpenSource ArcLampSource(const v1::OpenSource& open, const std::string& channel, bool is_daily,
                             absl::Time begin) {
  v1::OpenSource source = open;
  source.set_kind(v1::OpenSource::KIND_IMPORT);
  source.set_format(v1::FORMAT_FOLDED);
  source.set_profile_type(channel);
  source.set_owner(fmt::format("arclamp:{}{}", channel, LabelText(open)));
  source.set_source(fmt::format("{} {}", source.owner(), is_daily ? "day" : "hour"));
  source.set_resolution(is_daily ? v1::LEVEL_DAY : v1::LEVEL_HOUR);
  source.mutable_time()->set_seconds(absl::ToUnixSeconds(begin));
  return source;
}

absl::StatusOr<LogState> ReadLogState(const ArcLampUnit& unit,
                                      const std::function<void(uint64_t)>& progress,
                                      const std::function<bool()>& cancelled) {
  return ReadChunks(unit, progress, cancelled,
                    [](std::string chunk) -> absl::StatusOr<std::string> { return chunk; });
}

absl::StatusOr<ArcLampEntry> ArcLampEntry::Open(const v1::OpenSource& source,
                                                const ImportTarget& target) {
  ArcLampEntry entry(&target);
  FLAMEKEEP_ASSIGN_OR_RETURN(
      entry.client_, IngestClient::Open(target.channel, target.address, source, target.client));
  if (entry.client_->durable_number() == 0) return entry;
  entry.known_ = LogState::Decode(entry.client_->cursor());
  if (!entry.known_) {
    return DataLoss(
        "the server's state of \"{}\" can not be read: was it imported by a newer flamekeep?",
        source.source());
  }
  return entry;
}

absl::Status ArcLampEntry::SetState(const LogState& state) {
  v1::IngestBatch batch;  // without lines: only the cursor moves
  batch.set_cursor(state.Encode());
  FLAMEKEEP_RETURN_IF_ERROR(client_->Send(std::move(batch)));
  FLAMEKEEP_RETURN_IF_ERROR(client_->Flush());
  known_ = state;
  return absl::OkStatus();
}

absl::Status ArcLampEntry::Replace(const ArcLampUnit& unit,
                                   const std::function<void(uint64_t)>& progress) {
  absl::Status status = SendOnce(unit, progress);
  // The stream broke in the middle, and stands again.
  while (absl::IsAborted(status)) status = SendOnce(unit, progress);
  return status;
}

absl::Status ArcLampEntry::SendOnce(const ArcLampUnit& unit,
                                    const std::function<void(uint64_t)>& progress) {
  // One chunk behind the reader: only its end tells which one is the last.
  std::optional<std::string> waiting;
  const auto send = [&](bool is_last, const std::string& cursor) {
    v1::IngestBatch batch;
    if (waiting) *batch.mutable_lines() = *std::exchange(waiting, std::nullopt);
    batch.mutable_replace()->set_last(is_last);
    batch.mutable_replace()->set_subtract_finer(unit.is_daily);
    batch.set_cursor(cursor);
    return client_->Send(std::move(batch));
  };
  FLAMEKEEP_ASSIGN_OR_RETURN(const LogState state,
                             ReadChunks(unit, progress, target_->client.cancelled,
                                        [&](std::string chunk) -> absl::StatusOr<std::string> {
                                          if (waiting) FLAMEKEEP_RETURN_IF_ERROR(send(false, ""));
                                          waiting = std::move(chunk);
                                          return client_->TakeBuffer();
                                        }));
  FLAMEKEEP_RETURN_IF_ERROR(send(true, state.Encode()));
  FLAMEKEEP_RETURN_IF_ERROR(client_->Flush());
  known_ = state;
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
