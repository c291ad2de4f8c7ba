// Matchers of frames as people write them.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_MATCHER_TEXT_H_
#define FLAMEKEEP_SERVER_MATCHER_TEXT_H_

#include <string>
#include <string_view>

#include "flamekeep/v1/selection.pb.h"

namespace flamekeep::server {

// "REGEX" for the function, "file:REGEX" for the file.
inline void SetMatcher(std::string_view text, v1::FrameMatcher* matcher) {
  constexpr std::string_view kFilePrefix = "file:";
  if (text.starts_with(kFilePrefix)) {
    matcher->set_file(std::string(text.substr(kFilePrefix.size())));
  } else {
    matcher->set_function(std::string(text));
  }
}

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_MATCHER_TEXT_H_
