// Imports one file (or pipe) so that the same content counts once: of folded lines as is told here,
// of profiles as import_profile.h tells.
//
// A content is known by its first line and by what was read of it, not by its name: a log that has
// grown since is continued, one that was compressed since is recognised, and an import that was cut
// off (client or server) goes on where the last durable batch ended. The server keeps the place
// with the numbers of a source that is named after the first line:
//
//   lines:9f3c...                  the first line's XXH3-128
//   lines:9f3c...{cluster="a"}     labels that are added make another source
//   lines:9f3c...#2                another content that begins with the same line
//
// Site, profile type, time and resolution are part of the identity too, by the server's own rules.
//
// A pushed file is a source by its path instead, so that logs which are rotated do not become ever
// more sources: content that does not continue what the source sent last is new.
//
// The last line of a plain file counts only once it has its newline, because its writer may be in
// the middle of it; compressed files, pipes and `complete` end where they end.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_IMPORT_FILE_H_
#define FLAMEKEEP_CLI_IMPORT_FILE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "flamekeep/v1/ingest.pb.h"

namespace flamekeep::cli {

// Where imports go. The pointers are not owned.
struct ImportTarget {
  std::shared_ptr<grpc::Channel> channel;
  std::string address;
  ClientOptions client;
  Progress* progress = nullptr;
};

struct FileImport {
  // Site and labels. Of plain folded lines also profile type, time and resolution; of profiles they
  // may be left out where these have their own.
  v1::OpenSource open;
  bool complete = false;  // nobody writes to the file any more
};

struct FileResult {
  enum class Outcome {
    kImported,   // all of it, or what was new
    kUpToDate,   // everything was there
    kOlderCopy,  // more than this was there
    kNothing,    // no line in it
  };
  Outcome outcome = Outcome::kNothing;
  bool resumed = false;   // part of it was there
  uint64_t bytes = 0;     // read and sent, decompressed
  uint64_t left_out = 0;  // bytes of a last line without newline
  v1::IngestCounts counts;
};

// Labels as they stand in names: {a="b",c="d"}, sorted; empty without labels.
std::string LabelText(const v1::OpenSource& open);

// Errors: INVALID_ARGUMENT where the lines have times inside and `open` gives one, or neither;
// those of Input and IngestClient; CANCELLED after Ctrl-C.
absl::StatusOr<FileResult> ImportFile(const std::string& path, const FileImport& import,
                                      const ImportTarget& target);

// The same for a file that is pushed: `open` has source, format, and with folded lines the profile
// type.
absl::StatusOr<FileResult> PushFile(const std::string& path, const v1::OpenSource& open,
                                    const ImportTarget& target);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_IMPORT_FILE_H_
