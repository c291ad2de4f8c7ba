#include "cli/import_profile.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/gzip.h"
#include "base/status.h"
#include "cli/content.h"
#include "cli/speedscope.h"
#include "ingest/folded.h"
#include "ingest/perf_script.h"
#include "ingest/pprof_decoder.h"
#include "ingest/pprof_file_writer.h"

namespace flamekeep::cli {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr size_t kProfileBatchBytes = size_t{1} << 20;  // of a pprof profile that is made here
constexpr size_t kMaxSpeedscopeBytes = size_t{64} << 20;
constexpr std::string_view kPerfName = "perf";
constexpr std::string_view kSpeedscopeName = "speedscope";

absl::Status Gone(const ImportTarget& target, const Input& input) {
  target.progress->Update(input.raw().position());
  return target.client.cancelled() ? absl::CancelledError("interrupted") : absl::OkStatus();
}

// Calls `use` with pieces of the rest of the input.
template <typename Use>
absl::Status ReadPieces(Input& input, const ImportTarget& target, Use use) {
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, input.Read(piece.data(), piece.size()));
    if (n == 0) return absl::OkStatus();
    FLAMEKEEP_RETURN_IF_ERROR(Gone(target, input));
    FLAMEKEEP_RETURN_IF_ERROR(use(std::string_view(piece.data(), n)));
  }
}

absl::StatusOr<std::string> ReadWhole(Input& input, size_t limit, const ImportTarget& target) {
  std::string whole;
  FLAMEKEEP_RETURN_IF_ERROR(ReadPieces(input, target, [&](std::string_view piece) -> absl::Status {
    whole += piece;
    if (whole.size() <= limit) return absl::OkStatus();
    return Error(absl::StatusCode::kResourceExhausted,
                 "{} has over {} bytes, more than such a file may have: divide it", input.name(),
                 limit);
  }));
  return whole;
}

// Sends what the server does not have yet of the batches of a file.
class BatchSender {
 public:
  BatchSender(std::unique_ptr<IngestClient> client, FileResult* result)
      : client_(std::move(client)), known_(client_->durable_number()), result_(*result) {
    result_.resumed = known_ > 0;
  }

  // A profile that is not packed.
  absl::Status Send(const std::string& profile) {
    if (++number_ <= known_) return absl::OkStatus();
    FLAMEKEEP_ASSIGN_OR_RETURN(std::string packed, Gzip(profile));
    if (packed.size() > IngestClient::kMaxBatchBytes) {
      return Error(absl::StatusCode::kResourceExhausted,
                   "the profile has {} bytes when it is packed, and at most {} can be sent: divide "
                   "it",
                   packed.size(), IngestClient::kMaxBatchBytes);
    }
    result_.bytes += profile.size();
    v1::IngestBatch batch;
    *batch.mutable_lines() = std::move(packed);
    return client_->Send(std::move(batch));
  }

  absl::Status Finish() {
    FLAMEKEEP_RETURN_IF_ERROR(client_->Flush());
    result_.counts = client_->counts();
    result_.outcome = result_.bytes > 0 ? FileResult::Outcome::kImported
                      : number_ > 0     ? FileResult::Outcome::kUpToDate
                                        : FileResult::Outcome::kNothing;
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<IngestClient> client_;
  const uint64_t known_;
  uint64_t number_ = 0;
  FileResult& result_;
};

// Stacks of several kinds, gathered into batches.
class BatchMaker {
 public:
  explicit BatchMaker(BatchSender* sender) : sender_(*sender) {}

  absl::Status Add(const ingest::ProfileKind& kind, const std::vector<ingest::FileFrame>& frames,
                   uint64_t value) {
    const std::string key = fmt::format("{}:{}:{}", kind.type, kind.unit, kind.period_type);
    auto found = writers_.find(key);
    if (found == writers_.end()) {
      found = writers_.emplace(key, std::make_unique<ingest::PprofFileWriter>(kind)).first;
    }
    ingest::PprofFileWriter& writer = *found->second;
    writer.Add(frames, value);
    return writer.size() < kProfileBatchBytes ? absl::OkStatus() : sender_.Send(writer.Take());
  }

  absl::Status Finish() {
    for (const auto& [key, writer] : writers_) {
      if (!writer->empty()) FLAMEKEEP_RETURN_IF_ERROR(sender_.Send(writer->Take()));
    }
    return absl::OkStatus();
  }

 private:
  BatchSender& sender_;
  std::map<std::string, std::unique_ptr<ingest::PprofFileWriter>> writers_;
};

absl::Status SendPerfScript(Input& input, const ImportTarget& target, BatchMaker* batches) {
  ingest::PerfScriptReader reader;
  absl::Status status;
  const auto use = [&](std::string_view event, const std::vector<ingest::FileFrame>& frames) {
    if (status.ok()) status = batches->Add({"samples", "count", event, "count"}, frames, 1);
  };
  std::string rest;  // of a line that the next piece goes on with
  FLAMEKEEP_RETURN_IF_ERROR(ReadPieces(input, target, [&](std::string_view piece) {
    for (size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      // What is longer than a line may be is cut; nothing that perf prints is.
      rest += piece.substr(0, std::min(end, ingest::kMaxLineBytes));
      reader.Line(rest, use);
      rest.clear();
      piece.remove_prefix(end + 1);
    }
    if (rest.size() < ingest::kMaxLineBytes) rest += piece;
    return status;
  }));
  if (!rest.empty()) reader.Line(rest, use);
  reader.End(use);
  return status;
}

absl::Status SendBatches(Input& input, FileFormat format, const ImportTarget& target,
                         BatchSender* sender) {
  if (format == FileFormat::kPprof) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::string profile,
                               ReadWhole(input, ingest::kMaxProfileBytes, target));
    return sender->Send(profile);
  }
  BatchMaker batches(sender);
  if (format == FileFormat::kPerfScript) {
    FLAMEKEEP_RETURN_IF_ERROR(SendPerfScript(input, target, &batches));
    return batches.Finish();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string json, ReadWhole(input, kMaxSpeedscopeBytes, target));
  const absl::Status status =
      ReadSpeedscope(json, [&batches](const ingest::ProfileKind& kind,
                                      const std::vector<ingest::FileFrame>& frames,
                                      uint64_t value) { return batches.Add(kind, frames, value); });
  if (absl::IsInvalidArgument(status)) {
    return InvalidArgument("{} can not be imported: {}", input.name(), Message(status));
  }
  FLAMEKEEP_RETURN_IF_ERROR(status);
  return batches.Finish();
}

}  // namespace

bool IsProfile(FileFormat format) {
  return format == FileFormat::kPprof || format == FileFormat::kPerfScript ||
         format == FileFormat::kSpeedscope;
}

absl::StatusOr<FileResult> ImportProfile(Input& input, FileFormat format, const FileImport& import,
                                         const ImportTarget& target) {
  v1::OpenSource open = import.open;
  if (format != FileFormat::kPprof && !open.has_time()) {
    return InvalidArgument("{} has no times of day inside: give --time", input.name());
  }
  if (open.profile_type().empty() && format != FileFormat::kPprof) {
    open.set_profile_type(
        std::string(format == FileFormat::kPerfScript ? kPerfName : kSpeedscopeName));
  }
  FileResult result;
  target.progress->Begin(input.name(), input.raw().size());
  ContentHasher hasher;
  FLAMEKEEP_RETURN_IF_ERROR(ReadPieces(input, target, [&hasher](std::string_view piece) {
    hasher.Update(piece);
    return absl::OkStatus();
  }));
  FLAMEKEEP_RETURN_IF_ERROR(input.Rewind());
  input.ForgetStart();
  open.set_kind(v1::OpenSource::KIND_IMPORT);
  open.set_format(v1::FORMAT_PPROF);
  open.set_source(fmt::format("profile:{}{}", HexText(hasher.Here().digest), LabelText(open)));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      std::unique_ptr<IngestClient> client,
      IngestClient::Open(target.channel, target.address, open, target.client));
  BatchSender sender(std::move(client), &result);
  FLAMEKEEP_RETURN_IF_ERROR(SendBatches(input, format, target, &sender));
  target.progress->End();
  FLAMEKEEP_RETURN_IF_ERROR(sender.Finish());
  return result;
}

}  // namespace flamekeep::cli
