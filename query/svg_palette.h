// Colours of boxes: by function name, so that a function looks the same in every graph; functions
// of one class, namespace or folder have one hue in different shades.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_QUERY_SVG_PALETTE_H_
#define FLAMEKEEP_QUERY_SVG_PALETTE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace flamekeep::query {

inline constexpr uint32_t kColors = 48;

// Which colour a function has: below kColors.
uint32_t ColorOf(std::string_view function);

// CSS rules `.c0{fill:#rrggbb}` and so on: warm colours, or blues for inverted graphs.
std::string PaletteCss(bool inverted);

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_SVG_PALETTE_H_
