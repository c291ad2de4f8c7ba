#include "server/render_format.h"

namespace flamekeep::server {
namespace {

constexpr std::string_view kJsonType = "application/json";

struct NamedFormat {
  std::string_view name;
  v1::RenderFormat format;
  std::string_view content_type;
  std::vector<std::string_view> endings;  // the first one is the usual one
};

const std::vector<NamedFormat>& NamedFormats() {
  static const auto& formats = *new std::vector<NamedFormat>{
      {"folded", v1::RENDER_FORMAT_FOLDED, "text/plain; charset=utf-8", {".folded"}},
      {"svg", v1::RENDER_FORMAT_SVG, "image/svg+xml", {".svg"}},
      {"pprof", v1::RENDER_FORMAT_PPROF, "application/octet-stream", {".pb.gz", ".pprof"}},
      {"speedscope", v1::RENDER_FORMAT_SPEEDSCOPE, kJsonType, {".speedscope.json"}},
      {"flamebearer", v1::RENDER_FORMAT_FLAMEBEARER, kJsonType, {".flamebearer.json"}},
      {"d3", v1::RENDER_FORMAT_D3, kJsonType, {".d3.json"}},
  };
  return formats;
}

// Folded where it is none of them.
const NamedFormat& NamedFormatOf(v1::RenderFormat format) {
  for (const NamedFormat& named : NamedFormats()) {
    if (named.format == format) return named;
  }
  return NamedFormats().front();
}

}  // namespace

std::vector<std::string> RenderFormatNames() {
  std::vector<std::string> names;
  for (const NamedFormat& named : NamedFormats()) names.emplace_back(named.name);
  return names;
}

v1::RenderFormat RenderFormatOf(std::string_view name, std::string_view file) {
  for (const NamedFormat& named : NamedFormats()) {
    if (named.name == name) return named.format;
    if (!name.empty()) continue;
    for (const std::string_view ending : named.endings) {
      if (file.ends_with(ending)) return named.format;
    }
  }
  return v1::RENDER_FORMAT_FOLDED;
}

std::string_view RenderFormatEnding(v1::RenderFormat format) {
  return NamedFormatOf(format).endings.front();
}

std::string_view RenderFormatContentType(v1::RenderFormat format) {
  return NamedFormatOf(format).content_type;
}

bool IsForFiles(v1::RenderFormat format) { return format != v1::RENDER_FORMAT_FOLDED; }

bool IsDrawing(v1::RenderFormat format) {
  return format == v1::RENDER_FORMAT_SVG || format == v1::RENDER_FORMAT_FLAMEBEARER ||
         format == v1::RENDER_FORMAT_D3;
}

}  // namespace flamekeep::server
