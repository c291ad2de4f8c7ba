#include "cli/render_format.h"

#include "base/status.h"

namespace flamekeep::cli {

absl::Span<const FileFormat> RenderFormats() {
  static const auto& formats = *new std::vector<FileFormat>{
      {"folded", {".folded", ".txt"}},        {"svg", {".svg"}},
      {"pprof", {".pb.gz", ".pprof"}},        {"speedscope", {".speedscope.json"}},
      {"flamebearer", {".flamebearer.json"}}, {"d3", {".d3.json"}},
  };
  return formats;
}

absl::StatusOr<v1::RenderFormat> RenderFormatOf(std::string_view name, std::string_view file) {
  // As RenderFormats().
  constexpr v1::RenderFormat kFormats[] = {
      v1::RENDER_FORMAT_FOLDED,     v1::RENDER_FORMAT_SVG,         v1::RENDER_FORMAT_PPROF,
      v1::RENDER_FORMAT_SPEEDSCOPE, v1::RENDER_FORMAT_FLAMEBEARER, v1::RENDER_FORMAT_D3};
  FLAMEKEEP_ASSIGN_OR_RETURN(const size_t format, FormatOfFile(RenderFormats(), name, file));
  return kFormats[format];
}

bool IsForFiles(v1::RenderFormat format) { return format != v1::RENDER_FORMAT_FOLDED; }

bool IsDrawing(v1::RenderFormat format) {
  return format == v1::RENDER_FORMAT_SVG || format == v1::RENDER_FORMAT_FLAMEBEARER ||
         format == v1::RENDER_FORMAT_D3;
}

}  // namespace flamekeep::cli
