#include "server/http/prometheus_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace flamekeep::server {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// A name as Prometheus allows it.
std::string CleanName(std::string_view name) {
  std::string clean(name);
  for (char& c : clean) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) c = '_';
  }
  return clean;
}

// The serializer escapes values of labels, not the help.
std::string EscapeHelp(std::string_view help) {
  std::string escaped;
  for (const char c : help) {
    if (c == '\n') {
      escaped += "\\n";
    } else {
      if (c == '\\') escaped += c;
      escaped += c;
    }
  }
  return escaped;
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kLoss:
      return "loss";
    case Severity::kError:
      return "error";
    case Severity::kInfo:
      break;
  }
  return "";
}

ClientMetric MakeMetric(const Metrics::Row& row) {
  ClientMetric metric;
  const std::string_view severity = SeverityName(row.severity);
  for (const auto& [name, value] : row.labels) metric.label.push_back({CleanName(name), value});
  if (!severity.empty()) metric.label.push_back({"severity", std::string(severity)});
  if (row.is_counter) {
    metric.counter.value = row.value;
  } else {
    metric.gauge.value = row.value;
  }
  return metric;
}

MetricFamily ProcessFamily(std::string name, std::string help, MetricType type, double value) {
  MetricFamily family{std::move(name), std::move(help), type, std::vector<ClientMetric>(1)};
  family.metric[0].counter.value = value;
  family.metric[0].gauge.value = value;
  return family;
}

void AppendProcess(const ProcessInfo& process, std::vector<MetricFamily>* families) {
  const auto gauge = [&](std::string name, std::string help, auto value) {
    families->push_back(ProcessFamily(std::move(name), std::move(help), MetricType::Gauge,
                                      static_cast<double>(value)));
  };
  families->push_back(ProcessFamily("process_cpu_seconds_total",
                                    "Total user and system CPU time spent in seconds.",
                                    MetricType::Counter, process.cpu_seconds));
  gauge("process_max_fds", "Maximum number of open file descriptors.", process.max_fds);
  gauge("process_open_fds", "Number of open file descriptors.", process.open_fds);
  gauge("process_resident_memory_anon_bytes", "Resident memory that no file backs, in bytes.",
        process.anonymous_bytes);
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", process.resident_bytes);
  gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
        process.start_time_seconds);
  gauge("process_threads", "Number of threads.", process.threads);
  gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", process.virtual_bytes);
}

}  // namespace

std::string PrometheusText(absl::Span<const Metrics::Row> rows, const ProcessInfo& process) {
  std::vector<MetricFamily> families;
  std::vector<std::string_view> sentences;  // of the last family
  for (const Metrics::Row& row : rows) {
    const std::string name = "flamekeep_" + CleanName(row.name);
    if (families.empty() || families.back().name != name) {
      const MetricType type = row.is_counter ? MetricType::Counter : MetricType::Gauge;
      families.push_back({name, "", type, {}});
      sentences.clear();
    }
    MetricFamily& family = families.back();
    // Rows of one name may count different things, told apart by a label: the help tells all.
    if (std::find(sentences.begin(), sentences.end(), row.sentence) == sentences.end()) {
      sentences.push_back(row.sentence);
      if (!family.help.empty()) family.help += "; ";
      family.help += EscapeHelp(row.sentence);
    }
    family.metric.push_back(MakeMetric(row));
  }
  AppendProcess(process, &families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace flamekeep::server
