// Imports files of profiles: pprof, `perf script`, speedscope. All go to the server as pprof, a
// batch for about a megabyte of it.
//
// A content is a source by its hash, "profile:9f3c...", whatever its name and compression, so the
// same content counts once, and an import that broke off goes on where it was: the batches that a
// file becomes are always the same. To tell the hash the file is read twice.
//
// Thread safety: functions without state.
#ifndef FLAMEKEEP_CLI_IMPORT_PROFILE_H_
#define FLAMEKEEP_CLI_IMPORT_PROFILE_H_

#include "absl/status/statusor.h"
#include "cli/file_format.h"
#include "cli/import_file.h"
#include "cli/input.h"

namespace flamekeep::cli {

// Whether ImportProfile() reads such files.
bool IsProfile(FileFormat format);

// `input` stands at its start. Errors: INVALID_ARGUMENT where it is not what it seems, or has no
// time of its own and is given none; RESOURCE_EXHAUSTED where it is too large; those of Input and
// IngestClient; CANCELLED after Ctrl-C.
absl::StatusOr<FileResult> ImportProfile(Input& input, FileFormat format, const FileImport& import,
                                         const ImportTarget& target);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_IMPORT_PROFILE_H_
