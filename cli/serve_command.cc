#include <string>

#include "base/status.h"
#include "cli/commands.h"
#include "server/config.h"
#include "server/server.h"

namespace flamekeep::cli {

absl::Status RunServe(const ServeOptions& options) {
  server::ServerConfig config;
  if (!options.config.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(config, server::LoadConfig(options.config));
  }
  for (const std::string& path : options.arclamp_configs) {
    FLAMEKEEP_RETURN_IF_ERROR(server::AddArcLampConfig(path, options.site, &config));
  }
  if (!options.data.empty()) config.data = options.data;
  if (!options.grpc.empty()) config.grpc = options.grpc;
  if (!options.http.empty()) config.http = options.http;
  config.ready_file = options.ready_file;
  return server::Serve(config);
}

}  // namespace flamekeep::cli
