#include "ingest/pipeline.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace flamekeep::ingest {

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Make(Interner* interner,
                                                         PipelineOptions options) {
  for (const auto& [channel, type] : options.profile_types) {
    if (const auto parsed = storage::ParseProfileType(type); !parsed.ok()) {
      return InvalidArgument("the profile type of channel \"{}\": {}", channel,
                             Message(parsed.status()));
    }
  }
  return std::unique_ptr<Pipeline>(new Pipeline(interner, std::move(options)));
}

Pipeline::Pipeline(Interner* interner, PipelineOptions options)
    : metrics_(options.metrics),
      profile_types_(std::move(options.profile_types)),
      push_relabel_(std::move(options.push_relabel)),
      salts_(options.salts),
      now_(std::move(options.now)),
      decoder_(std::move(options.rules), interner, options.caches),
      series_(interner, options.limits, std::move(options.site_limits), options.metrics) {}

uint64_t Pipeline::HashWith(const Relabel& relabel) const {
  if (relabel.empty()) return rules().Hash();
  const bool salted = relabel.hashes() && salts_ != nullptr;
  const uint64_t parts[] = {
      rules().Hash(), relabel.Hash(),
      salted ? static_cast<uint64_t>(absl::ToInt64Minutes(salts_->options().rotate)) : 0};
  return std::max<uint64_t>(XXH3_64bits(parts, sizeof(parts)), 1);
}

std::unique_ptr<LineStream> Pipeline::NewStream(StreamOptions options) {
  return std::unique_ptr<LineStream>(new LineStream(this, std::move(options)));
}

std::unique_ptr<ProfileStream> Pipeline::NewProfileStream(StreamOptions options) {
  return std::unique_ptr<ProfileStream>(new ProfileStream(this, std::move(options)));
}

absl::StatusOr<storage::ProfileType> Pipeline::TypeOf(std::string_view channel) const {
  const auto it = profile_types_.find(channel);
  return storage::ParseProfileType(it == profile_types_.end() ? channel : it->second);
}

}  // namespace flamekeep::ingest
