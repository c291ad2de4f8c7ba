#include "base/metrics.h"

namespace flamekeep {

Metrics::Entry& Metrics::GetEntry(std::string_view name, const Labels& labels, Severity severity,
                                  std::string_view sentence) {
  auto [it, inserted] = entries_.try_emplace({std::string(name), labels});
  if (inserted) {
    it->second.severity = severity;
    it->second.sentence = std::string(sentence);
  }
  return it->second;
}

Counter& Metrics::GetCounter(std::string_view name, Severity severity, std::string_view sentence,
                             const Labels& labels) {
  absl::MutexLock lock(&mutex_);
  Entry& entry = GetEntry(name, labels, severity, sentence);
  if (entry.counter == nullptr) entry.counter = std::make_unique<Counter>();
  return *entry.counter;
}

Gauge& Metrics::GetGauge(std::string_view name, std::string_view sentence, const Labels& labels) {
  absl::MutexLock lock(&mutex_);
  Entry& entry = GetEntry(name, labels, Severity::kInfo, sentence);
  if (entry.gauge == nullptr) entry.gauge = std::make_unique<Gauge>();
  return *entry.gauge;
}

std::vector<Metrics::Row> Metrics::Rows() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Row> rows;
  rows.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    const bool is_counter = entry.counter != nullptr;
    const double value =
        is_counter ? static_cast<double>(entry.counter->value()) : entry.gauge->value();
    rows.push_back({key.first, key.second, entry.severity, entry.sentence, is_counter, value});
  }
  return rows;
}

}  // namespace flamekeep
