#include "query/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "base/status.h"
#include "query/export_partition.h"
#include "query/quoted_string.h"
#include "query/selector.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using storage::Minute;

absl::Status CursorIsForeign(std::string_view cursor) {
  return InvalidArgument("the cursor {} is not one of this export: give none to begin anew",
                         Printable(cursor));
}

}  // namespace

absl::StatusOr<Exporter> Exporter::Open(const storage::Store* store, FrameFlagsCache* flags,
                                        const Selection& selection, Level level,
                                        std::string_view cursor, const Context& context) {
  if (level > Level::kDay) {
    return InvalidArgument("exports are by minute, hour or day, not by {}",
                           storage::LevelName(level));
  }
  Exporter exporter(store, flags);
  exporter.selection_ = selection;
  exporter.filter_ = Normalized(selection.filter);
  exporter.level_ = level;
  FLAMEKEEP_ASSIGN_OR_RETURN(const SelectedStacks stacks,
                             SelectedStacks::Open(*store, selection, context));
  exporter.question_ = stacks.Question(fmt::format("export,{};", storage::LevelName(level)));
  exporter.coverage_ = stacks.coverage();
  exporter.covered_ = stacks.plan().covered;
  const std::vector<storage::SeriesKey> series = store->Series();
  std::set<std::string> sites;
  for (const storage::SeriesId id : stacks.plan().series) sites.insert(series[Raw(id)].site);
  exporter.sites_.assign(sites.begin(), sites.end());
  exporter.minute_ = exporter.covered_.begin;
  FLAMEKEEP_RETURN_IF_ERROR(exporter.SetCursor(cursor));
  return exporter;
}

// "MINUTE:SITE".
std::string Exporter::Cursor() const {
  return done() ? fmt::format("{}:", covered_.end) : fmt::format("{}:{}", minute_, sites_[site_]);
}

absl::Status Exporter::SetCursor(std::string_view cursor) {
  if (cursor.empty()) return absl::OkStatus();
  const size_t colon = cursor.find(':');
  Minute minute = 0;
  if (colon == cursor.npos || !absl::SimpleAtoi(absl::string_view(cursor.data(), colon), &minute) ||
      minute < covered_.begin || minute > covered_.end) {
    return CursorIsForeign(cursor);
  }
  const std::string_view site = cursor.substr(colon + 1);
  if (site.empty()) {
    site_ = sites_.size();
    return absl::OkStatus();
  }
  // A site that has come meanwhile has its turn, too.
  site_ =
      static_cast<size_t>(std::lower_bound(sites_.begin(), sites_.end(), site) - sites_.begin());
  if (done() || sites_[site_] != site) return CursorIsForeign(cursor);
  minute_ = minute;
  return absl::OkStatus();
}

void Exporter::Advance(Minute end) {
  minute_ = end;
  if (minute_ < covered_.end) return;
  ++site_;
  minute_ = covered_.begin;
}

absl::Status Exporter::Next(absl::FunctionRef<Context()> bounds, ExportSink* sink) {
  ExportPartitionReader reader(*store_, bounds);
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool has_samples, reader.Open(selection_.selector, sites_[site_],
                                                                 minute_, covered_.end, level_));
  if (reader.range().end > covered_.end) {
    return Error(
        absl::StatusCode::kAborted,
        "the store gave up buckets at the end of the range while it was exported: export it "
        "again");
  }
  if (!has_samples) {
    Advance(reader.range().end);
    return absl::OkStatus();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(std::string version, reader.Version(question_));
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool wanted,
                             sink->BeginPartition({.site = sites_[site_],
                                                   .range = {storage::TimeOf(reader.range().begin),
                                                             storage::TimeOf(reader.range().end)},
                                                   .version = std::move(version)}));
  if (wanted) FLAMEKEEP_RETURN_IF_ERROR(reader.Read(filter_, flags_, sink));
  Advance(reader.range().end);
  return sink->EndPartition(Cursor());
}

}  // namespace flamekeep::query
