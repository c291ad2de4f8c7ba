#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/store_stats_text.h"
#include "flamekeep/v1/admin.grpc.pb.h"
#include "server/config.h"
#include "server/grpc/convert_admin.h"
#include "storage/store.h"

namespace flamekeep::cli {
namespace {

constexpr absl::Duration kStatsTimeout = absl::Seconds(60);

absl::StatusOr<v1::StoreStatsResponse> AskServer(const std::string& server) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(server));
  const auto stub = v1::AdminService::NewStub(Connect(address));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kStatsTimeout));
  v1::StoreStatsResponse stats;
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(stub->StoreStats(&context, {}, &stats), address));
  return stats;
}

absl::StatusOr<v1::StoreStatsResponse> ReadDirectory(const StoreStatsOptions& options) {
  server::ServerConfig config;
  if (!options.config.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(config, server::LoadConfig(options.config));
  }
  storage::StoreOptions store_options = server::MakeStoreOptions(config);
  store_options.directory = options.directory;
  store_options.create_if_missing = false;
  store_options.read_only = true;
  store_options.background_maintenance = false;
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<storage::Store> store,
                             storage::Store::Open(store_options));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::StoreStats stats, store->Stats());
  v1::StoreStatsResponse response = server::ToProto(stats);
  if (!options.config.empty()) return response;
  // What only the configuration can tell.
  response.clear_forecast();
  for (auto& site : *response.mutable_sites()) {
    for (auto& level : *site.mutable_levels()) level.clear_keep();
  }
  return response;
}

}  // namespace

absl::Status RunStoreStats(const StoreStatsOptions& options) {
  if (options.directory.empty() && !options.config.empty()) {
    return InvalidArgument("--config is for a directory: the server has its own");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::StoreStatsResponse stats, options.directory.empty()
                                                                     ? AskServer(options.server)
                                                                     : ReadDirectory(options));
  std::string text;
  if (options.json) {
    FLAMEKEEP_ASSIGN_OR_RETURN(text, ToJson(stats));
  } else {
    text = StoreStatsText(stats);
  }
  return WriteAnswer(text);
}

}  // namespace flamekeep::cli
