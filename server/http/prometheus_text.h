// Metrics rows as Prometheus text (exposition format 0.0.4). Pure functions.
//
// A row "ingest_lines_total" is served as flamekeep_ingest_lines_total; rows that count losses or
// errors carry the label severity="loss" or severity="error", so that one alert covers all of
// them: sum(rate({severity="loss"}[5m])) > 0. Process metrics have Prometheus' usual names.
#ifndef FLAMEKEEP_SERVER_HTTP_PROMETHEUS_TEXT_H_
#define FLAMEKEEP_SERVER_HTTP_PROMETHEUS_TEXT_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "base/metrics.h"
#include "server/process_info.h"

namespace flamekeep::server {

inline constexpr std::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

// REQUIRES: rows of one name stand together, as Metrics::Rows() gives them.
std::string PrometheusText(absl::Span<const Metrics::Row> rows, const ProcessInfo& process);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_PROMETHEUS_TEXT_H_
