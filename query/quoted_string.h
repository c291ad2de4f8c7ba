// Quoted strings as PromQL has them, and their opposite: text made printable for messages.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_QUOTED_STRING_H_
#define FLAMEKEEP_QUERY_QUOTED_STRING_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace flamekeep::query {

// Reads the quoted string that begins at text[*place] and moves *place behind it: "..." or '...'
// with the escapes \\ \" \' \a \b \f \n \r \t \v \ooo \xHH \uHHHH \UHHHHHHHH, or `...` without.
// Errors: INVALID_ARGUMENT tells what was expected at *place, which then is where the fault is.
absl::StatusOr<std::string> ParseQuotedString(std::string_view text, size_t* place);

// `text` in double quotes for a message: printable ASCII, the rest as escapes, cut after 100 bytes.
std::string Printable(std::string_view text);

// The same without the quotes and quote marks left as they are: for text that comes from elsewhere.
std::string PrintableText(std::string_view text);

// Appends a code point as UTF-8. REQUIRES: it is one (no surrogate, at most U+10FFFF).
void AppendUtf8(uint32_t code_point, std::string* out);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_QUOTED_STRING_H_
