#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/coverage_notes.h"
#include "cli/export_directory.h"
#include "cli/output.h"
#include "cli/part_file.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "flamekeep/v1/query.grpc.pb.h"
#include "server/render_format.h"

namespace flamekeep::cli {
namespace {

// A server that is away comes back: how often, and how long apart, it is asked in vain.
constexpr int kVainTries = 20;
constexpr absl::Duration kPause = absl::Seconds(1);

v1::Level ExportLevelOf(const std::string& name) {
  if (name == "minute") return v1::LEVEL_MINUTE;
  return name == "day" ? v1::LEVEL_DAY : v1::LEVEL_HOUR;
}

Compression CompressionFor(const ExportOptions& options) {
  if (!options.compress.empty()) return CompressionOf(options.compress);
  if (options.format == "jsonl") return Compression::kZstd;
  if (options.format == "pprof") return Compression::kNone;  // is compressed by itself
  if (options.output.ends_with(".zst")) return Compression::kZstd;
  return options.output.ends_with(".gz") ? Compression::kGzip : Compression::kNone;
}

absl::Status CheckExport(const ExportOptions& options) {
  const bool is_directory = std::filesystem::is_directory(options.output);
  if (options.output == "-") {
    return InvalidArgument("an export is not for standard output: name {}",
                           options.format == "jsonl" ? "a directory" : "a file");
  }
  if (options.format == "jsonl") {
    if (is_directory || !std::filesystem::exists(options.output)) return absl::OkStatus();
    return InvalidArgument("{} is a file: name a directory for jsonl", options.output);
  }
  if (is_directory) {
    return InvalidArgument("{} is a directory: name a file for {}", options.output, options.format);
  }
  if (!options.level.empty()) {
    return InvalidArgument("{} has no times in it: --level is for jsonl", options.format);
  }
  if (options.format == "pprof" && !options.compress.empty()) {
    return InvalidArgument("pprof is compressed by itself: leave out --compress");
  }
  return absl::OkStatus();
}

// The whole range as one file.
absl::Status ExportFile(const ExportOptions& options, const std::string& address,
                        v1::QueryService::Stub* stub) {
  v1::RenderRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  request.set_format(server::RenderFormatOf(options.format, ""));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<PartFile> file,
                             PartFile::Create(options.output, CompressionFor(options)));
  grpc::ClientContext context;
  const auto reader = stub->Render(&context, request);
  v1::RenderResponse response;
  Progress progress(Progress::StyleFor(stderr, options.quiet));
  progress.Begin(options.output, 0);
  uint64_t bytes = 0;
  while (reader->Read(&response)) {
    if (response.has_coverage()) TellCoverage(response.coverage());
    bytes += response.data().size();
    progress.Update(bytes);
    const absl::Status written = file->Write(response.data());
    if (written.ok()) continue;
    context.TryCancel();
    reader->Finish();
    return written;
  }
  progress.End();
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(reader->Finish(), address));
  return file->Commit().status();
}

// How a stream of an export ended.
struct StreamEnd {
  absl::Status status;   // of the server, or of the directory
  bool is_away = false;  // the server is, and may come back
};

StreamEnd StreamInto(ExportDirectory* directory, const v1::ExportRequest& request,
                     const std::string& address, v1::QueryService::Stub* stub) {
  grpc::ClientContext context;
  const auto reader = stub->Export(&context, request);
  v1::ExportResponse response;
  while (reader->Read(&response)) {
    const absl::Status added = directory->Add(response);
    if (added.ok()) continue;
    context.TryCancel();
    reader->Finish();
    return {added};
  }
  const grpc::Status status = reader->Finish();
  return {FromGrpc(status, address), status.error_code() == grpc::StatusCode::UNAVAILABLE};
}

absl::Status ExportJsonLines(const ExportOptions& options, const std::string& address,
                             v1::QueryService::Stub* stub) {
  v1::ExportRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selection, absl::Now()));
  request.set_level(ExportLevelOf(options.level));
  Progress progress(Progress::StyleFor(stderr, options.quiet));
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::unique_ptr<ExportDirectory> directory,
      ExportDirectory::Open(
          {.directory = options.output,
           .compression = CompressionFor(options),
           .form = options.stacks == "text" ? StackForm::kText : StackForm::kArray},
          &request, &progress));
  for (int tries = 0;;) {
    const StreamEnd end = StreamInto(directory.get(), request, address, stub);
    if (end.status.ok()) break;
    const bool has_advanced = directory->cursor() != request.cursor();
    tries = has_advanced ? 0 : tries + 1;
    // Who never answered is not waited for.
    if (!end.is_away || directory->cursor().empty() || tries == kVainTries) return end.status;
    request.set_cursor(directory->cursor());
    absl::SleepFor(kPause);
  }
  progress.End();
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string summary, directory->Finish());
  return options.quiet ? absl::OkStatus() : WriteAnswer(summary + "\n");
}

}  // namespace

absl::Status RunExport(const ExportOptions& options) {
  FLAMEKEEP_RETURN_IF_ERROR(CheckExport(options));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.selection.server));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  if (options.format != "jsonl") return ExportFile(options, address, stub.get());
  return ExportJsonLines(options, address, stub.get());
}

}  // namespace flamekeep::cli
