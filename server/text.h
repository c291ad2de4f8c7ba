// Small pieces of text for messages. Pure functions.
#ifndef FLAMEKEEP_SERVER_TEXT_H_
#define FLAMEKEEP_SERVER_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace flamekeep::server {

// Fit for one line of a log or an error: control bytes and invalid UTF-8 become '?', long text ends
// with "...".
std::string Shorten(std::string_view text, size_t max_bytes = 80);

// The candidate that a person who wrote `word` may have meant; empty where none is near.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// "64MiB", "1500B": exact, in the largest unit that divides it.
std::string BytesText(uint64_t bytes);
// "90d", "1500ms", "forever": the same for durations of whole milliseconds.
std::string DurationText(absl::Duration duration);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_TEXT_H_
