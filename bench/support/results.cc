#include "bench/support/results.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace flamekeep::bench {

void Results::Add(std::string_view what, std::string_view measured, const Budget& budget) {
  const std::string_view met = budget.text.empty() ? "" : budget.met ? "yes" : "no";
  const std::string row = prefix_ + std::string(what);
  std::printf("%s\n", fmt::format("{:56} {:>28}  {:20} {}", row, measured, budget.text,
                                  budget.text.empty() ? ""
                                  : budget.met        ? "met"
                                                      : "MISSED")
                          .c_str());
  std::fflush(stdout);
  if (file_.empty()) return;
  std::ofstream(file_, std::ios::app)
      << fmt::format("{}\t{}\t{}\t{}\n", row, measured, budget.text, met);
}

Budget AtMost(double value, double limit, std::string_view unit) {
  return {fmt::format("at most {:g}{}{}", limit, unit.empty() ? "" : " ", unit), value <= limit};
}

Budget AtLeast(double value, double limit, std::string_view unit) {
  return {fmt::format("at least {:g}{}{}", limit, unit.empty() ? "" : " ", unit), value >= limit};
}

}  // namespace flamekeep::bench
