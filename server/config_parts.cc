#include "server/config_parts.h"

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "base/status.h"
#include "server/address.h"
#include "server/text.h"
#include "storage/catalog.h"
#include "storage/profile_type.h"

namespace flamekeep::server {

namespace {

constexpr size_t kMaxConfigBytes = size_t{4} << 20;

}  // namespace

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxConfigBytes + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A short read sets failbit with eofbit; a directory sets badbit, or fails with EISDIR.
  const int error = errno;
  if (!in.is_open() || (!in && !in.eof())) {
    const std::error_code code(error, std::generic_category());
    const auto status_code = error == EACCES   ? absl::StatusCode::kPermissionDenied
                             : error == ENOENT ? absl::StatusCode::kNotFound
                                               : absl::StatusCode::kInvalidArgument;
    return Error(status_code, "can not read the configuration file {}: {}", Shorten(path, 400),
                 code.message());
  }
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxConfigBytes) {
    return InvalidArgument("{} is larger than {}: is it a configuration file?", Shorten(path, 400),
                           BytesText(kMaxConfigBytes));
  }
  return text;
}

absl::Status ReadConfigPath(const yaml::Value& value, std::string* out) {
  FLAMEKEEP_RETURN_IF_ERROR(value.ReadString("a path", out));
  const std::filesystem::path path(*out);
  if (path.is_relative()) {
    *out = (std::filesystem::path(value.file()).parent_path() / path).lexically_normal().string();
  }
  return absl::OkStatus();
}

absl::Status CheckListenAddress(std::string_view address) {
  if (address == "off") return absl::OkStatus();
  absl::Status status = ParseAddress(address).status();
  if (status.ok()) return status;
  return InvalidArgument("{}, or \"off\"", Message(status));
}

bool SameRedisServer(const ingest::RedisAddress& a, const ingest::RedisAddress& b) {
  if (!a.socket_path.empty() || !b.socket_path.empty()) return a.socket_path == b.socket_path;
  return a.port == b.port && absl::EqualsIgnoreCase(a.host, b.host);
}

absl::Status CheckSiteName(std::string_view name) {
  if (storage::IsSiteName(name)) return absl::OkStatus();
  return InvalidArgument(
      "\"{}\" is no site name: write a letter or \"_\", then letters, digits, \"_\", \".\" or "
      "\"-\", at most {} in all",
      Shorten(name), storage::kMaxSiteBytes);
}

std::vector<std::string> DefaultChannels() { return {"excimer", "excimer-wall"}; }

storage::StoreOptions MakeStoreOptions(const ServerConfig& config) {
  storage::StoreOptions options{.directory = config.data,
                                .retention = config.retention,
                                .max_bytes = config.max_bytes,
                                .block_cache_bytes = config.block_cache_bytes,
                                .flush_interval = config.flush_interval,
                                .forget_positions_after = config.push.forget_clients,
                                .batch_id_window = config.push.dedupe_window,
                                .max_batch_ids = config.push.max_batch_ids};
  for (const SiteConfig& site : config.sites) {
    if (site.retention.has_value()) options.site_retention[site.name] = *site.retention;
  }
  return options;
}

absl::StatusOr<ingest::Relabel> MakeSiteRelabel(const ServerConfig& config,
                                                const SiteConfig& site) {
  const ingest::RelabelRules lists[] = {site.relabel, config.relabel};
  return ingest::Relabel::Make(lists);
}

absl::StatusOr<ingest::Relabel> MakePushRelabel(const ServerConfig& config) {
  if (config.push.relabel) {
    const ingest::RelabelRules lists[] = {*config.push.relabel, config.relabel};
    return ingest::Relabel::Make(lists);
  }
  const ingest::RelabelRules lists[] = {config.relabel, ingest::DefaultProfileRules()};
  return ingest::Relabel::Make(lists);
}

namespace {

// Nodes that read a stream give it the same labels, which they can not with salts of their own.
absl::Status CheckLabels(const ServerConfig& config) {
  FLAMEKEEP_RETURN_IF_ERROR(MakePushRelabel(config).status());
  for (const SiteConfig& site : config.sites) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const ingest::Relabel relabel, MakeSiteRelabel(config, site));
    if (site.streams.empty() || !relabel.hashes() || config.label_salts.redis) continue;
    return InvalidArgument(
        "a rule hashes labels of the streams of site {}, about which all nodes must agree: give "
        "`label_salts: {{redis: \"redis://HOST\"}}`, a server that they share salts through",
        site.name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConfig(const ServerConfig& config) {
  if (config.data.empty()) {
    return InvalidArgument(
        "no data directory: give --data DIR, or the key `data` in the configuration file");
  }
  for (const auto& [key, address] :
       {std::pair<std::string_view, std::string_view>{"grpc", config.grpc},
        {"http", config.http}}) {
    const absl::Status status = CheckListenAddress(address);
    if (!status.ok()) return InvalidArgument("`{}` is wrong: {}", key, Message(status));
  }
  const LimitsConfig& limits = config.limits;
  if (limits.all_queries_memory_bytes < limits.query_memory_bytes) {
    return InvalidArgument(
        "limits.query_memory is {} and limits.all_queries_memory only {}: raise the latter, or "
        "lower the former",
        BytesText(limits.query_memory_bytes), BytesText(limits.all_queries_memory_bytes));
  }
  if (limits.query_cache_bytes > limits.all_queries_memory_bytes) {
    return InvalidArgument(
        "limits.query_cache_bytes is {} and limits.all_queries_memory, which it is a part of, only "
        "{}: raise the latter, or lower the former",
        BytesText(limits.query_cache_bytes), BytesText(limits.all_queries_memory_bytes));
  }
  for (const SiteConfig& site : config.sites) {
    FLAMEKEEP_RETURN_IF_ERROR(CheckSiteName(site.name));
    for (const auto& [what, names] :
         {std::pair<std::string_view, const std::vector<std::string>&>{"channel", site.channels},
          {"stream", site.streams}}) {
      for (const std::string& name : names) {
        if (config.profile_types.contains(name)) continue;
        if (storage::ParseProfileType(name).ok()) continue;
        return InvalidArgument(
            "the {} \"{}\" of site {} is no profile type by itself: give it one with "
            "`profile_types: {{{}: NAME}}`",
            what, Shorten(name), site.name, Shorten(name));
      }
    }
  }
  FLAMEKEEP_RETURN_IF_ERROR(CheckLabels(config));
  return ingest::Rules::Make(config.rules).status();
}

}  // namespace flamekeep::server
