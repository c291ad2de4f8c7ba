#include "server/render_format.h"

#include <iterator>
#include <vector>

#include "base/status.h"

namespace flamekeep::server {
namespace {

constexpr std::string_view kJsonType = "application/json";

// What else is known of RenderFormats(), in their order.
struct FormatOnTheWire {
  v1::RenderFormat format;
  std::string_view content_type;
};

constexpr FormatOnTheWire kOnTheWire[] = {
    {v1::RENDER_FORMAT_FOLDED, "text/plain; charset=utf-8"},
    {v1::RENDER_FORMAT_SVG, "image/svg+xml"},
    {v1::RENDER_FORMAT_PPROF, "application/octet-stream"},
    {v1::RENDER_FORMAT_SPEEDSCOPE, kJsonType},
    {v1::RENDER_FORMAT_FLAMEBEARER, kJsonType},
    {v1::RENDER_FORMAT_D3, kJsonType},
};

// 0, folded, where it is none of them.
size_t IndexOfFormat(v1::RenderFormat format) {
  for (size_t i = 0; i < std::size(kOnTheWire); ++i) {
    if (kOnTheWire[i].format == format) return i;
  }
  return 0;
}

}  // namespace

absl::Span<const OutputFormat> RenderFormats() {
  // The first ending of each is the usual one.
  static const auto& formats = *new std::vector<OutputFormat>{
      {"folded", {".folded", ".txt"}},        {"svg", {".svg"}},
      {"pprof", {".pb.gz", ".pprof"}},        {"speedscope", {".speedscope.json"}},
      {"flamebearer", {".flamebearer.json"}}, {"d3", {".d3.json"}},
  };
  return formats;
}

absl::StatusOr<v1::RenderFormat> RenderFormatOf(std::string_view name, std::string_view file) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const size_t format, FormatOfFile(RenderFormats(), name, file));
  return kOnTheWire[format].format;
}

std::string_view RenderFormatEnding(v1::RenderFormat format) {
  return RenderFormats()[IndexOfFormat(format)].endings.front();
}

std::string_view RenderFormatContentType(v1::RenderFormat format) {
  return kOnTheWire[IndexOfFormat(format)].content_type;
}

bool IsForFiles(v1::RenderFormat format) { return format != v1::RENDER_FORMAT_FOLDED; }

bool IsDrawing(v1::RenderFormat format) {
  return format == v1::RENDER_FORMAT_SVG || format == v1::RENDER_FORMAT_FLAMEBEARER ||
         format == v1::RENDER_FORMAT_D3;
}

}  // namespace flamekeep::server
