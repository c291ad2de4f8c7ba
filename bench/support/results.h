// The rows of the table of results: what was measured, its budget, and whether it was met. Printed
// as they come; `bench/run` collects them from the file that --results names.
//
// Thread safety: none.
#ifndef FLAMEKEEP_BENCH_SUPPORT_RESULTS_H_
#define FLAMEKEEP_BENCH_SUPPORT_RESULTS_H_

#include <string>
#include <string_view>
#include <utility>

namespace flamekeep::bench {

struct Budget {
  std::string text;  // "at most 40 ms"
  bool met = false;
};

class Results {
 public:
  // `file` is appended to, "<what>\t<measured>\t<budget>\t<yes|no>" a line; empty: none. `subject`
  // stands before each `what`, if it is not empty.
  Results(std::string file, std::string_view subject)
      : file_(std::move(file)), prefix_(subject.empty() ? "" : std::string(subject) + ", ") {}

  void Add(std::string_view what, std::string_view measured, const Budget& budget = {});

 private:
  const std::string file_;
  const std::string prefix_;
};

// A budget for `value`; `unit` may be empty.
Budget AtMost(double value, double limit, std::string_view unit);
Budget AtLeast(double value, double limit, std::string_view unit);

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_RESULTS_H_
