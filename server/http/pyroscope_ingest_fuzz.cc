// Any bytes as a request to /ingest: the first line is the query, the second the Content-Type, the
// rest the body. What becomes of it is whole: a series with one sample.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/http/pyroscope_ingest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&rest] {
    const size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return std::string(text);
  };
  flamekeep::server::HttpRequest request{.method = "POST", .path = "/ingest", .query = line()};
  request.headers.emplace_back("Content-Type", line());
  request.body = std::string(rest);
  const auto push = flamekeep::server::PushOfIngest(request);
  if (push.ok() && (push->series_size() != 1 || push->series(0).samples_size() != 1)) std::abort();
  return 0;
}
