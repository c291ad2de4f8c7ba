#include "server/grpc/convert_admin.h"

#include "server/grpc/convert.h"

namespace flamekeep::server {
namespace {

google::protobuf::Duration DurationToProto(absl::Duration duration) {
  google::protobuf::Duration out;
  out.set_seconds(absl::ToInt64Seconds(duration));
  return out;
}

}  // namespace

v1::StoreStatsResponse ToProto(const storage::StoreStats& stats) {
  v1::StoreStatsResponse out;
  for (const storage::SiteStats& from : stats.sites) {
    v1::StoreStatsResponse::SiteStats* site = out.add_sites();
    site->set_site(from.site);
    site->set_bytes(from.bytes);
    for (const storage::LevelStats& row : from.levels) {
      v1::StoreStatsResponse::LevelStats* level = site->add_levels();
      level->set_level(ToProto(row.level));
      level->set_bytes(row.bytes);
      level->set_bytes_per_day(row.bytes_per_day);
      if (row.oldest.has_value()) *level->mutable_oldest() = ToProto(*row.oldest);
      if (row.keep != absl::InfiniteDuration()) {
        *level->mutable_keep() = DurationToProto(row.keep);
      }
    }
  }
  for (const storage::FamilyStats& from : stats.families) {
    v1::StoreStatsResponse::FamilyStats* family = out.add_families();
    family->set_name(from.name);
    family->set_bytes(from.bytes);
    family->set_keys(from.keys);
  }
  out.set_log_bytes(stats.log_bytes);
  out.set_derived_bytes(stats.derived_bytes);
  v1::StoreStatsResponse::DictionaryStats* dictionary = out.mutable_dictionary();
  dictionary->set_frames(stats.dictionary.frames);
  dictionary->set_stacks(stats.dictionary.stacks);
  dictionary->set_bytes(stats.dictionary.bytes);
  dictionary->set_frames_per_day(stats.dictionary.frames_per_day);
  dictionary->set_stacks_per_day(stats.dictionary.stacks_per_day);
  dictionary->set_bytes_per_day(stats.dictionary.bytes_per_day);
  *dictionary->mutable_over() = DurationToProto(stats.dictionary.over);
  dictionary->set_measured(stats.dictionary.measured);
  v1::StoreStatsResponse::Forecast* forecast = out.mutable_forecast();
  forecast->set_bytes(stats.forecast.bytes);
  forecast->set_limit_bytes(stats.forecast.limit_bytes);
  forecast->set_limit_is_max_bytes(stats.forecast.limit_is_cap);
  forecast->set_bytes_per_day(stats.forecast.bytes_per_day);
  if (stats.forecast.to_limit.has_value()) {
    *forecast->mutable_to_limit() = DurationToProto(*stats.forecast.to_limit);
  }
  return out;
}

v1::Backup ToProto(const storage::BackupInfo& backup) {
  v1::Backup out;
  out.set_id(backup.id);
  if (backup.made != absl::InfinitePast()) *out.mutable_made() = ToProto(backup.made);
  out.set_bytes(backup.bytes);
  out.set_last_flush(backup.last_flush);
  out.set_fault(backup.fault);
  return out;
}

}  // namespace flamekeep::server
