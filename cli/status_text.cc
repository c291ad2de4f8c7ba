#include "cli/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/time_parse.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace flamekeep::cli {
namespace {

using Counter = v1::CounterStatus;
using Source = v1::SourceStatus;

constexpr size_t kMaxShownImports = 10;
// A live source that has said nothing for so long is called silent.
constexpr absl::Duration kSilence = absl::Minutes(1);
// A stream whose newest entry is so much newer than the last one that was read is called behind.
constexpr absl::Duration kLag = absl::Seconds(10);

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// "connected", "KIND_PUBSUB" -> "pubsub"
std::string WithoutPrefix(std::string name, std::string_view prefix) {
  name.erase(0, prefix.size());
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return name;
}

std::string LabelsText(const Counter& counter) {
  std::vector<std::string> parts;
  parts.reserve(counter.labels_size());
  for (const v1::Label& label : counter.labels()) {
    parts.push_back(fmt::format("{}={}", label.name(), label.value()));
  }
  return fmt::format("{}", fmt::join(parts, " "));
}

std::string CounterSection(const v1::StatusResponse& status, Counter::Severity severity,
                           std::string_view title) {
  Table table({">" + std::string(title), "what", "where", "counter"});
  for (const Counter& counter : status.counters()) {
    if (counter.severity() != severity || counter.value() == 0) continue;
    table.AddRow({CountText(static_cast<uint64_t>(counter.value())), counter.description(),
                  LabelsText(counter), counter.name()});
  }
  return table.empty() ? "" : "\n" + table.Text();
}

std::string Losses(const v1::StatusResponse& status) {
  std::string text = CounterSection(status, Counter::SEVERITY_LOSS, "lost");
  if (text.empty()) text = "\nNothing was lost since the server started.\n";
  return text + CounterSection(status, Counter::SEVERITY_ERROR, "errors");
}

std::string CapText(const v1::SizeCap& cap) {
  std::string text =
      fmt::format("  max_bytes is {}, the store's own files have {}",
                  RoundedBytesText(cap.max_bytes()), RoundedBytesText(cap.live_bytes()));
  if (cap.leaving_bytes() > 0) {
    text += fmt::format(", of it about {} to be freed", RoundedBytesText(cap.leaving_bytes()));
  }
  text += "\n";
  for (const auto& removed : cap.removed()) {
    text += fmt::format("  {}s of {} before {} were removed for max_bytes\n",
                        WithoutPrefix(v1::Level_Name(removed.level()), "LEVEL_"), removed.site(),
                        TimeText(TimeOf(removed.before())));
  }
  if (cap.unmet_bytes() > 0) {
    text +=
        fmt::format("  MAX_BYTES CAN NOT BE MET: {} too much, and nothing more may be removed\n",
                    RoundedBytesText(cap.unmet_bytes()));
  }
  return text;
}

std::string StoreSection(const v1::StoreStatus& store) {
  std::string text = fmt::format(
      "\nStore {}: {}, of it {} for the dictionary\n"
      "  {} stacks of {} frames, {} series; {} accepted and not yet durable\n",
      store.directory(), RoundedBytesText(store.bytes()),
      RoundedBytesText(store.dictionary_bytes()), CountText(store.stacks()),
      CountText(store.frames()), CountText(store.series()),
      RoundedBytesText(store.pending_bytes()));
  if (!store.write_error().empty()) {
    text += fmt::format("  IT CAN NOT BE WRITTEN: {}\n", store.write_error());
  }
  if (store.deleting()) text += "  a deletion is not through yet\n";
  if (store.has_cap()) text += CapText(store.cap());
  Table table({"level", ">on disk", ">buckets that wait for rollup"});
  for (const auto& level : store.levels()) {
    table.AddRow({WithoutPrefix(v1::Level_Name(level.level()), "LEVEL_"),
                  RoundedBytesText(level.bytes()), CountText(level.stale_buckets())});
  }
  return text + (table.empty() ? "" : table.Text());
}

std::string Ago(const google::protobuf::Timestamp& time, absl::Time now) {
  return RoundedDurationText(now - TimeOf(time));
}

std::string StateText(const Source& source, absl::Time now) {
  if (!source.configured()) return "not read by this server now";
  std::string text = source.connected() ? "connected" : "NOT CONNECTED";
  if (source.has_since()) text += " for " + Ago(source.since(), now);
  if (!source.connected() && !source.last_error().empty()) text += ": " + source.last_error();
  if (!source.connected()) return text;
  if (!source.position().empty()) text += ", read to " + source.position();
  if (source.lag_seconds() >= absl::ToDoubleSeconds(kLag)) {
    text += ", BEHIND by " + RoundedDurationText(absl::Seconds(source.lag_seconds()));
  }
  if (!source.has_last_message()) return text + ", no message yet";
  if (now - TimeOf(source.last_message()) > kSilence) {
    text += ", SILENT for " + Ago(source.last_message(), now);
  }
  return text;
}

std::string LiveSources(const v1::StatusResponse& status, absl::Time now) {
  Table table({"live source", "site", "server", ">messages", ">queued", ">last", "state"});
  for (const Source& source : status.sources()) {
    if (source.kind() != Source::KIND_PUBSUB && source.kind() != Source::KIND_STREAM) continue;
    const bool stream = source.kind() == Source::KIND_STREAM;
    table.AddRow({stream ? source.name() + " (stream)" : source.name(), source.site(),
                  source.address(), CountText(source.messages()), CountText(source.queued()),
                  source.has_last_message() ? Ago(source.last_message(), now) + " ago" : "-",
                  StateText(source, now)});
  }
  return table.empty() ? "\nNo live sources are configured.\n" : "\n" + table.Text();
}

std::string NumberedSources(const v1::StatusResponse& status) {
  Table table({"client or import", "site", "kind", ">batches"});
  size_t imports = 0;
  for (const Source& source : status.sources()) {
    if (source.kind() != Source::KIND_PUSH && source.kind() != Source::KIND_IMPORT) continue;
    // An owner of replacements, or a client that only asked.
    if (source.position_number() == 0) continue;
    if (source.kind() == Source::KIND_IMPORT && ++imports > kMaxShownImports) continue;
    table.AddRow({source.name(), source.site(),
                  WithoutPrefix(Source::Kind_Name(source.kind()), "KIND_"),
                  CountText(source.position_number())});
  }
  std::string text = table.empty() ? "" : "\n" + table.Text();
  if (imports > kMaxShownImports) {
    text +=
        fmt::format("  and {} more imports: see --json\n", CountText(imports - kMaxShownImports));
  }
  if (status.sources_left_out() > 0) {
    text += fmt::format("  and {} more sources that the server knows and does not list\n",
                        CountText(status.sources_left_out()));
  }
  return text;
}

}  // namespace

std::string StatusText(const v1::StatusResponse& status, absl::Time now) {
  std::string text = fmt::format("flamekeep {} on {}, up {}\n", status.version(), status.node(),
                                 Ago(status.started(), now));
  text += Losses(status);
  text += LiveSources(status, now);
  text += StoreSection(status.store());
  text += NumberedSources(status);
  text += fmt::format("\nSites: {}\nProfile types: {}\n", fmt::join(status.sites(), ", "),
                      fmt::join(status.profile_types(), ", "));
  return text;
}

}  // namespace flamekeep::cli
