// What `perf script` prints -> stacks, piece by piece:
//
//   mysqld  1234/1240 [002] 81234.567890:     250000 cycles:P:
//           ffffffff81c01234 native_safe_halt+0x4 ([kernel.kallsyms])
//               7f2a3c0a1b2c do_command+0x1c (/usr/sbin/mysqld)
//
// and an empty line behind each sample. The process's name is the root of its stack, the module is
// the file of a frame, and an address without a symbol is the frame `module+0xADDRESS`. Times are
// those of the machine since it was started, so they say nothing about the time of day.
//
// Any bytes are allowed: what is no sample is passed over and counted.
//
// Thread safety: belongs to one thread.
#ifndef FLAMEKEEP_INGEST_PERF_SCRIPT_H_
#define FLAMEKEEP_INGEST_PERF_SCRIPT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"

namespace flamekeep::ingest {

// A frame of a file's. Points into what was read, or into the reader.
using FileFrame = std::pair<std::string_view, std::string_view>;  // function, file

class PerfScriptReader {
 public:
  // `event` is "cycles", root first are the frames; both live as long as the call.
  using Use = absl::FunctionRef<void(std::string_view event, const std::vector<FileFrame>& frames)>;

  // Takes a line without its newline; calls `use` where a sample ends with it.
  void Line(std::string_view line, Use use);
  // The end of the file ends a sample, too.
  void End(Use use);

  uint64_t passed_over() const { return passed_over_; }  // lines that are no part of a sample

 private:
  struct Frame {
    std::string function;
    std::string file;
  };

  bool ReadFrame(std::string_view line);

  std::optional<std::string> process_;  // of the sample that is read
  std::string event_;
  std::vector<Frame> frames_;  // leaf first
  uint64_t passed_over_ = 0;
};

// Whether the begin of a file is the output of `perf script`.
bool LooksLikePerfScript(std::string_view head);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PERF_SCRIPT_H_
