// The format of a file that is written: by name (--format), or by what the name of the file ends
// with.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BASE_OUTPUT_FORMAT_H_
#define FLAMEKEEP_BASE_OUTPUT_FORMAT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace flamekeep {

struct OutputFormat {
  std::string_view name;
  std::vector<std::string_view> endings;  // ".svg"
};

// For the choices of --format.
std::vector<std::string> FormatNames(absl::Span<const OutputFormat> formats);
// For help texts: ".svg .pb.gz".
std::string FormatEndings(absl::Span<const OutputFormat> formats);

// Index of the format of that name; where it is empty, of the one that `file` ends with; 0 where
// `file` is "-". Errors: INVALID_ARGUMENT where it ends with none. REQUIRES: one of the names, or
// none.
absl::StatusOr<size_t> FormatOfFile(absl::Span<const OutputFormat> formats, std::string_view name,
                                    std::string_view file);

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_OUTPUT_FORMAT_H_
