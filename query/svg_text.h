// Text in SVG files: escaping, what fits a box, numbers for people.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_SVG_TEXT_H_
#define FLAMEKEEP_QUERY_SVG_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace flamekeep::query {

// Any bytes as UTF-8 that XML 1.0 can hold and people can see: control characters become their
// pictures (U+2400 on), bytes that are not UTF-8 become \xHH, invisible characters that turn or
// hide text become
// \uHHHH. Not yet escaped.
std::string VisibleText(std::string_view bytes);

// Escapes what VisibleText() gave for element content and attribute values.
std::string EscapeXml(std::string_view text);

// The part of `text` (visible) that fits so many columns of a fixed-width font: all of it, else
// what follows its last `\` or `/`, else the beginning of that with an ellipsis; empty where not
// even three columns are there.
std::string FitText(std::string_view text, uint32_t columns);

bool FitsColumns(std::string_view text, uint32_t columns);
// All of it, or its beginning with an ellipsis. REQUIRES: columns > 0.
std::string CutText(std::string_view text, uint32_t columns);

std::string WithCommas(uint64_t number);  // 1,234,567

// "2026-11-20 00:00 to 2026-11-21 00:00 UTC"; seconds where they matter.
std::string TimeText(absl::Time time);  // "2026-11-20 13:05:07 UTC"
std::string RangeText(absl::Time begin, absl::Time end);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SVG_TEXT_H_
