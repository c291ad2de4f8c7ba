#include "cli/render_format.h"

namespace flamekeep::cli {
namespace {

struct NamedFormat {
  std::string_view name;
  v1::RenderFormat format;
  std::vector<std::string_view> endings;
};

const std::vector<NamedFormat>& NamedFormats() {
  static const auto& formats = *new std::vector<NamedFormat>{
      {"folded", v1::RENDER_FORMAT_FOLDED, {}},
      {"svg", v1::RENDER_FORMAT_SVG, {".svg"}},
      {"pprof", v1::RENDER_FORMAT_PPROF, {".pb.gz", ".pprof"}},
      {"speedscope", v1::RENDER_FORMAT_SPEEDSCOPE, {".speedscope.json"}},
      {"flamebearer", v1::RENDER_FORMAT_FLAMEBEARER, {".flamebearer.json"}},
      {"d3", v1::RENDER_FORMAT_D3, {".d3.json"}},
  };
  return formats;
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

bool IsForFiles(v1::RenderFormat format) { return format != v1::RENDER_FORMAT_FOLDED; }

bool IsDrawing(v1::RenderFormat format) {
  return format == v1::RENDER_FORMAT_SVG || format == v1::RENDER_FORMAT_FLAMEBEARER ||
         format == v1::RENDER_FORMAT_D3;
}

}  // namespace flamekeep::cli
