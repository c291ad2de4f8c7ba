// The files that the build makes of web/, and speedscope's. cmake/EmbedPage.cmake writes the
// function.
//
// Thread safety: a function without state.
#ifndef FLAMEKEEP_SERVER_HTTP_WEB_FILES_H_
#define FLAMEKEEP_SERVER_HTTP_WEB_FILES_H_

#include <string_view>

#include "absl/types/span.h"

namespace flamekeep::server {

struct WebFile {
  std::string_view path;    // "/assets/index-N7g92JT5.js"
  std::string_view packed;  // gzip
};

// Ordered by path. None where the program was built without the page (FLAMEKEEP_WEB=OFF).
absl::Span<const WebFile> WebFiles();

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_WEB_FILES_H_
