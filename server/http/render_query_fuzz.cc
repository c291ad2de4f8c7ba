// Any bytes as the query of a URL: what is understood can be asked, and its file has a harmless
// name.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/fuzz_checks.h"
#include "server/http/http_message.h"
#include "server/http/pyroscope_render.h"
#include "server/http/query_string.h"
#include "server/http/render_query.h"

namespace {

namespace v1 = flamekeep::v1;
using flamekeep::server::Check;
using flamekeep::server::IsHarmless;
using flamekeep::server::QueryString;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::Time now = absl::FromUnixSeconds(1'795'222'800);
  flamekeep::server::ListsToken(text, "gzip");
  const auto query = QueryString::Parse(text);
  if (!query.ok()) return 0;
  for (const std::string& value : query->All("a")) Check(value.size() <= size);
  const auto render = flamekeep::server::ParseRenderQuery(*query, v1::RENDER_FORMAT_SVG, now);
  if (render.ok()) {
    Check(render->request.has_selection() && !render->request.selection().selector().empty());
    Check(IsHarmless(flamekeep::server::RenderFileName(render->request)));
  }
  const auto pyroscope = flamekeep::server::ParsePyroscopeRender(*query, now);
  if (pyroscope.ok()) {
    v1::SeriesResponse series;
    series.add_groups()->add_totals(7);
    *series.add_edges() = pyroscope->series.selection().range().begin();
    flamekeep::server::PyroscopeTimeline(pyroscope->series, series);
  }
  return 0;
}
