// The file formats that answers come in: by name, or by the name of a file.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_RENDER_FORMAT_H_
#define FLAMEKEEP_SERVER_RENDER_FORMAT_H_

#include <string>
#include <string_view>
#include <vector>

#include "flamekeep/v1/query.pb.h"

namespace flamekeep::server {

// What --format takes.
std::vector<std::string> RenderFormatNames();

// The format of that name; where it is empty, the one that `file` ends like (.svg, .pb.gz, .pprof,
// .speedscope.json, .flamebearer.json, .d3.json), and folded where it ends like none.
// REQUIRES: a name of RenderFormatNames(), or none.
v1::RenderFormat RenderFormatOf(std::string_view name, std::string_view file);

// How a file of that format is called: ".svg", ".pb.gz", ".folded".
std::string_view RenderFormatEnding(v1::RenderFormat format);
// "image/svg+xml".
std::string_view RenderFormatContentType(v1::RenderFormat format);

// Not for a terminal.
bool IsForFiles(v1::RenderFormat format);
// Whether boxes may be left out.
bool IsDrawing(v1::RenderFormat format);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_RENDER_FORMAT_H_
