// Any bytes as a configuration file, ours or Arc Lamp's: a configuration or one line of text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/status.h"
#include "server/config.h"

namespace {

void Check(const absl::Status& status) {
  if (status.ok()) return;
  const std::string message = flamekeep::Message(status);
  if (message.empty() || message.find('\n') != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<flamekeep::server::ServerConfig> parsed =
      flamekeep::server::ParseConfig(text, "f.yaml");
  Check(parsed.status());
  if (parsed.ok()) Check(flamekeep::server::CheckConfig(*parsed));
  flamekeep::server::ServerConfig config;
  Check(flamekeep::server::ParseArcLampConfig(text, "a.yaml", "site", &config));
  return 0;
}
