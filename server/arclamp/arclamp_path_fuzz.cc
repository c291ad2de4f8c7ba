// Any bytes as a path below /arclamp/: what is understood is written in the same way, and nothing
// that a selector or a header would take for its own gets through.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "query/selector.h"
#include "server/arclamp/channels.h"
#include "server/arclamp/file_name.h"
#include "server/arclamp/file_request.h"
#include "server/arclamp/url_config.h"
#include "server/fuzz_checks.h"

namespace {

using flamekeep::server::ArcLampPath;
using flamekeep::server::Check;
using flamekeep::server::IsHarmless;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto path = flamekeep::server::ParseArcLampPath(text);
  if (!path.ok()) {
    Check(path.status().message().size() < 1000);
    return 0;
  }
  Check(flamekeep::server::ArcLampPathText(*path) == text);
  if (path->page != ArcLampPath::Page::kFile || path->file.channel.empty()) return 0;
  const std::string selector =
      flamekeep::server::ArcLampSelector({}, path->file.channel, path->file.tag, "eqiad");
  const auto parsed = flamekeep::query::ParseSelector(selector);
  Check(parsed.ok() && parsed->profile_type == path->file.channel);
  const auto file = flamekeep::server::ArcLampRendered(path->file, selector, {});
  Check(!file.ok() || IsHarmless(file->name));
  return 0;
}
