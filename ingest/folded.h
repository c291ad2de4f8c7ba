// Folded text: lines "frame;frame;...;frame COUNT", root first, as Arc Lamp's clients publish them,
// and the same behind "<unix microseconds>\t<channel>\t". These functions only cut bytes into parts
// and make them readable; line_stream.h gives them ids.
//
// Any bytes are allowed. What is not readable text (bytes that are not UTF-8, NUL and the other
// control characters, U+FFFE and U+FFFF) is kept as the text \xNN, one for each byte, so that
// nothing vanishes and different frames stay different.
//
// Thread safety: functions of their arguments; nothing is allocated for lines that are plain text.
#ifndef FLAMEKEEP_INGEST_FOLDED_H_
#define FLAMEKEEP_INGEST_FOLDED_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/reject.h"

namespace flamekeep::ingest {

inline constexpr size_t kMaxLineBytes = size_t{1} << 20;
inline constexpr size_t kMaxFrames = 4096;  // further frames (leaf side) are cut off
inline constexpr size_t kMaxFrameBytes = size_t{16} << 10;  // longer names are cut

// A line cut in two. `stack` points into the line.
struct FoldedLine {
  std::string_view stack;
  uint64_t count = 0;  // never 0
};

// Cuts a line (no newline; one "\r" at its end is ignored) at its last space. Returns
// Reject::kNone, or why the line can not be counted. REQUIRES: the line is not empty.
Reject ParseFolded(std::string_view line, FoldedLine* folded);

struct TimedLine {
  int64_t unix_micros = 0;
  std::string_view channel;
  std::string_view folded;
};

// Cuts "<unix microseconds>\t<channel>\t<folded line>". Returns Reject::kNone, kNoTime,
// kTimeOutOfRange (more digits than a time has) or kNoChannel.
Reject ParseTimed(std::string_view line, TimedLine* timed);

// Takes the next line off `*text`: up to a newline, or the rest. False at the end.
bool NextLine(std::string_view* text, std::string_view* line);

// The bytes of the readable character at the start of `text`: 1 to 4, or 0 where there is none.
// REQUIRES: `text` is not empty.
size_t ReadableLength(std::string_view text);
// Whether `text` is readable as it stands.
bool IsReadable(std::string_view text);
// Appends `text`, unreadable bytes as \xNN.
void AppendReadable(std::string_view text, std::string* out);

// What happened to a stack on its way; kept with the cached result, so that it counts for each
// line.
enum StackFlag : uint8_t {
  kExcimerTruncated = 1,  // the sampler cut the root side off: "/entry.php;excimer_truncated;..."
  kRepaired = 2,          // unreadable bytes became \xNN
  kEmptyFrame = 4,        // empty frames were left out
  kCut = 8,               // beyond kMaxFrames or kMaxFrameBytes
  kLabelDropped = 16,     // a label was too long, or there are too many different ones
  kLabelUnhashed = 32,    // a label that is to be hashed was left out: there is no salt
};

// A frame's name, at most kMaxFrameBytes of it; sets kCut in `*flags` where it is longer.
std::string_view CutFrame(std::string_view frame, uint8_t* flags);

// Splits a stack at ";", root first, without empty frames and at most kMaxFrames. Frames point into
// `stack`. Returns flags.
uint8_t SplitFrames(std::string_view stack, std::vector<std::string_view>* frames);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_FOLDED_H_
