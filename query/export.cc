#include "query/export.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "query/export_partition.h"
#include "query/quoted_string.h"
#include "query/selector.h"
#include "query/version.h"

namespace flamekeep::query {
namespace {

using storage::Level;
using storage::Minute;

constexpr size_t kCursorParts = 3;
constexpr unsigned kDigestHalfBits = 64;
constexpr size_t kDigestHalfDigits = 16;

std::string DigestText(storage::Digest digest) {
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(digest >> kDigestHalfBits),
                     static_cast<uint64_t>(digest));
}

bool ParseDigest(const std::string& text, storage::Digest* digest) {
  uint64_t high = 0;
  uint64_t low = 0;
  if (text.size() != 2 * kDigestHalfDigits ||
      !absl::SimpleHexAtoi(text.substr(0, kDigestHalfDigits), &high) ||
      !absl::SimpleHexAtoi(text.substr(kDigestHalfDigits), &low)) {
    return false;
  }
  *digest = storage::Digest{high} << kDigestHalfBits | low;
  return true;
}

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

// "MINUTE:BEHIND:SITE", BEHIND as 32 hexadecimal digits.
std::string Exporter::Cursor() const {
  return fmt::format("{}:{}:{}", done() ? covered_.end : minute_, DigestText(behind_),
                     done() ? "" : sites_[site_]);
}

absl::Status Exporter::SetCursor(std::string_view cursor) {
  if (cursor.empty()) return absl::OkStatus();
  const std::vector<std::string> parts =
      absl::StrSplit(std::string(cursor), absl::MaxSplits(':', kCursorParts - 1));
  Minute minute = 0;
  if (parts.size() != kCursorParts || !absl::SimpleAtoi(parts[0], &minute) ||
      minute < covered_.begin || minute > covered_.end || !ParseDigest(parts[1], &behind_)) {
    return CursorIsForeign(cursor);
  }
  const std::string& site = parts[2];
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

std::string Exporter::Version() const { return AnswerVersion(question_, coverage_, behind_); }

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
  const std::string versions = DigestText(behind_) + version;
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool wanted,
                             sink->BeginPartition({.site = sites_[site_],
                                                   .range = {storage::TimeOf(reader.range().begin),
                                                             storage::TimeOf(reader.range().end)},
                                                   .version = std::move(version)}));
  if (wanted) FLAMEKEEP_RETURN_IF_ERROR(reader.Read(filter_, flags_, sink));
  Advance(reader.range().end);
  const XXH128_hash_t hash = XXH3_128bits(versions.data(), versions.size());
  behind_ = storage::Digest{hash.high64} << kDigestHalfBits | hash.low64;
  return sink->EndPartition(Cursor());
}

}  // namespace flamekeep::query
