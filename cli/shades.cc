#include "cli/shades.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace flamekeep::cli {
namespace {

constexpr std::array<std::string_view, 8> kBarHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 4> kShades = {"░", "▒", "▓", "█"};

// Which of `count` equal steps up to `most` a number above 0 lies in.
size_t StepFor(double number, double most, size_t count) {
  // Numbers that differ by rounding only are the same.
  constexpr double kRounding = 1e-9;
  const double steps = std::ceil(number / most * static_cast<double>(count) - kRounding);
  return std::min(static_cast<size_t>(std::max(steps, 1.0)), count) - 1;
}

double MeanOf(absl::Span<const double> numbers) {
  double sum = 0;
  size_t count = 0;
  for (const double number : numbers) {
    if (std::isnan(number)) continue;
    sum += number;
    ++count;
  }
  return count == 0 ? std::nan("") : sum / static_cast<double>(count);
}

}  // namespace

std::string Sparkline(absl::Span<const double> numbers, size_t columns) {
  const size_t bars = std::min(columns, numbers.size());
  std::vector<double> means;
  double most = 0;
  for (size_t i = 0; i < bars; ++i) {
    const size_t begin = i * numbers.size() / bars;
    const size_t end = (i + 1) * numbers.size() / bars;
    means.push_back(MeanOf(numbers.subspan(begin, end - begin)));
    if (means.back() > most) most = means.back();
  }
  std::string line;
  for (const double mean : means) {
    line += mean > 0 ? kBarHeights[StepFor(mean, most, kBarHeights.size())] : " ";
  }
  return line;
}

std::string_view Shade(double number, double most) {
  if (std::isnan(number)) return "?";
  if (!(number > 0)) return "·";
  return kShades[StepFor(number, most, kShades.size())];
}

}  // namespace flamekeep::cli
