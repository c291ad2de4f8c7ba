#include "query/svg_palette.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>

namespace flamekeep::query {
namespace {

constexpr uint32_t kShades = 4;
constexpr uint32_t kHues = kColors / kShades;

// A range of colours in the HSL model: hue in degrees, the others from 0 to 1.
struct Palette {
  double first_hue, last_hue;
  double saturation;
  double darkest, lightest;
};
constexpr Palette kWarm = {6, 52, 0.90, 0.62, 0.76};
constexpr Palette kBlue = {178, 238, 0.68, 0.66, 0.82};

uint64_t Hash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

// What a function belongs to: its name up to the last `::`, `->`, `\`, `.` or `/`.
std::string_view GroupOf(std::string_view function) {
  const size_t end = function.find_last_of(":>\\./");
  return end == function.npos ? function : function.substr(0, end);
}

std::string HexColor(double hue, double saturation, double lightness) {
  const double amplitude = saturation * std::min(lightness, 1 - lightness);
  const auto channel = [&](double n) {
    const double k = std::fmod(n + hue / 30, 12);
    const double value = lightness - amplitude * std::max(-1.0, std::min({k - 3, 9 - k, 1.0}));
    return static_cast<int>(std::lround(value * 255));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(8), channel(4));
}

}  // namespace

uint32_t ColorOf(std::string_view function) {
  return static_cast<uint32_t>(Hash(GroupOf(function)) % kHues * kShades +
                               Hash(function) % kShades);
}

std::string PaletteCss(bool inverted) {
  const Palette& palette = inverted ? kBlue : kWarm;
  std::string css;
  for (uint32_t color = 0; color < kColors; ++color) {
    const uint32_t hue_number = color / kShades;
    const double hue_share = static_cast<double>(hue_number) / (kHues - 1);
    const double shade = static_cast<double>(color % kShades) / (kShades - 1);
    const double hue = palette.first_hue + hue_share * (palette.last_hue - palette.first_hue);
    const double lightness = palette.darkest + shade * (palette.lightest - palette.darkest);
    css += fmt::format(".c{}{{fill:{}}}", color, HexColor(hue, palette.saturation, lightness));
  }
  return css;
}

}  // namespace flamekeep::query
