// Numbers as characters of different height or shade.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_CLI_SHADES_H_
#define FLAMEKEEP_CLI_SHADES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace flamekeep::cli {

// Missing numbers are NaN.

// A line of at most `columns` bars, the highest number the highest bar; more numbers than that
// are put together by their means. 0 and what is missing are a blank.
std::string Sparkline(absl::Span<const double> numbers, size_t columns);

// One of four shades for a number above 0, the darkest for `most`; "·" for 0, "?" where missing.
std::string_view Shade(double number, double most);
// Up to which share of the most each shade goes.
inline constexpr double kShadeShares[] = {0.25, 0.5, 0.75, 1};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_SHADES_H_
