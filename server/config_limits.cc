// The keys of a configuration that bound what clients may ask and send.
#include "server/config_parts.h"
#include "server/yaml_value.h"

namespace flamekeep::server {
namespace {

using yaml::Key;
using yaml::ReadNumber;
using yaml::Value;

absl::Status ReadSeriesPerSite(const Value& value, ingest::SeriesLimits* out) {
  return ReadNumber(value, 1, 10'000'000, &out->series);
}

absl::Status ReadValuesPerLabel(const Value& value, ingest::SeriesLimits* out) {
  return ReadNumber(value, 0, 10'000'000, &out->values_per_label);
}

constexpr Key<ingest::SeriesLimits> kSeriesKeys[] = {
    {"series_per_site", ReadSeriesPerSite},
    {"values_per_label", ReadValuesPerLabel},
};

constexpr Key<LimitsConfig> kLimitKeys[] = {
    {"max_message",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(5 * kMiB, kGiB, &out->max_message_bytes);
     }},
    {"queue", [](const Value& value,
                 LimitsConfig* out) { return value.ReadBytes(kMiB, kTiB, &out->queue_bytes); }},
    {"rpc_memory",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(32 * kMiB, kTiB, &out->rpc_memory_bytes);
     }},
    {"query_memory",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(16 * kMiB, kTiB, &out->query_memory_bytes);
     }},
    {"all_queries_memory",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(16 * kMiB, kTiB, &out->all_queries_memory_bytes);
     }},
    {"query_cache_bytes",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(0, kTiB, &out->query_cache_bytes);
     }},
    {"max_reply",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(kMiB, 2 * kGiB - 1, &out->max_reply_bytes);
     }},
    {"series_per_site",
     [](const Value& value, LimitsConfig* out) { return ReadSeriesPerSite(value, &out->series); }},
    {"values_per_label",
     [](const Value& value, LimitsConfig* out) { return ReadValuesPerLabel(value, &out->series); }},
    {"query_threads",
     [](const Value& value, LimitsConfig* out) {
       return ReadNumber(value, 1, 1024, &out->query_threads);
     }},
    {"decode_threads",
     [](const Value& value, LimitsConfig* out) {
       return ReadNumber(value, 1, 1024, &out->decode_threads);
     }},
    {"queued_queries",
     [](const Value& value, LimitsConfig* out) {
       return ReadNumber(value, 1, 1'000'000, &out->max_queued_queries);
     }},
    {"streams_per_connection",
     [](const Value& value, LimitsConfig* out) {
       return ReadNumber(value, 1, 1'000'000, &out->max_streams_per_connection);
     }},
    {"http_connections",
     [](const Value& value, LimitsConfig* out) {
       return ReadNumber(value, 1, 1'000'000, &out->max_http_connections);
     }},
    {"http_header",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(4 * kKiB, 16 * kMiB, &out->http_header_bytes);
     }},
    {"http_memory",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadBytes(kMiB, kTiB, &out->http_memory_bytes);
     }},
    {"query_timeout",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadDuration(absl::Milliseconds(1), absl::Hours(24), &out->query_timeout);
     }},
    {"drain_timeout",
     [](const Value& value, LimitsConfig* out) {
       return value.ReadDuration(absl::Seconds(1), absl::Hours(1), &out->drain_timeout);
     }},
};

}  // namespace

absl::Status ReadLimits(const Value& value, LimitsConfig* out) {
  return yaml::ReadMap(value, kLimitKeys, out);
}

absl::Status ReadSeriesLimits(const Value& value, ingest::SeriesLimits* out) {
  return yaml::ReadMap(value, kSeriesKeys, out);
}

}  // namespace flamekeep::server
