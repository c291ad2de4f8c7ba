// Gathers whole lines from pieces of any size, for a stream that is sent as it comes.
//
// A line that is longer than kMaxLineBytes is cut (the server, which takes far less, counts it as
// rejected); its rest is skipped.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_LINE_GATHERER_H_
#define FLAMEKEEP_CLI_LINE_GATHERER_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace flamekeep::cli {

class LineGatherer {
 public:
  static constexpr size_t kMaxLineBytes = size_t{2} << 20;

  void Add(std::string_view piece);

  // Of the whole lines.
  size_t size() const { return whole_; }
  // The whole lines, which are then gone from here; may be empty.
  std::string Take();
  // What stands behind the last newline.
  std::string TakeRest();

 private:
  std::string text_;
  size_t whole_ = 0;       // bytes up to the last newline, with it
  bool skipping_ = false;  // in a line that was cut
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_LINE_GATHERER_H_
