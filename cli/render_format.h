// The file formats that flame graphs come in: by name, or by the name of a file.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_CLI_RENDER_FORMAT_H_
#define FLAMEKEEP_CLI_RENDER_FORMAT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cli/file_format.h"
#include "flamekeep/v1/query.pb.h"

namespace flamekeep::cli {

absl::Span<const FileFormat> RenderFormats();

// As FormatOfFile(); standard output is folded.
absl::StatusOr<v1::RenderFormat> RenderFormatOf(std::string_view name, std::string_view file);

// Not for a terminal.
bool IsForFiles(v1::RenderFormat format);
// Whether boxes may be left out.
bool IsDrawing(v1::RenderFormat format);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_RENDER_FORMAT_H_
