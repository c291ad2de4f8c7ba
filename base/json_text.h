// Text as JSON (RFC 8259).
//
// Thread safety: a pure function.
#ifndef FLAMEKEEP_BASE_JSON_TEXT_H_
#define FLAMEKEEP_BASE_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace flamekeep {

// Appends `text` as a JSON string, quotes included: quotes, backslashes and control characters are
// escaped, all else stays as it is. REQUIRES: UTF-8.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace flamekeep

#endif  // FLAMEKEEP_BASE_JSON_TEXT_H_
