// The channels of Arc Lamp's URLs: what series of a store each one's files hold.
//
// A channel is a profile type. Its name is that of a channel which the configuration gives the type
// to (`profile_types`), or else the type's bare name, where only one type of the store has it.
//
// Thread safety: values and pure functions.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_CHANNELS_H_
#define FLAMEKEEP_SERVER_ARCLAMP_CHANNELS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "ingest/pipeline.h"
#include "storage/ids.h"
#include "storage/registry.h"

namespace flamekeep::server {

struct ArcLampChannel {
  std::string name;
  std::vector<storage::SeriesId> series;  // ascending
  // The tag of each of them; empty where its entry point is none that a file's name can hold, and
  // it is part of `all` only.
  std::vector<std::string> tags;
};

// The channels that have a series, by name. `series` is Store::Series(), entry 0 unused; `site`
// empty: of all sites. Types that have no name which file names can hold are left out.
std::vector<ArcLampChannel> ArcLampChannelsOf(absl::Span<const storage::SeriesKey> series,
                                              const ingest::ChannelTypes& types,
                                              std::string_view site);

// The selector of a channel's files with this tag. REQUIRES: names that file names can hold;
// `site` is a site's name, or empty.
std::string ArcLampSelector(const ingest::ChannelTypes& types, std::string_view channel,
                            std::string_view tag, std::string_view site);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_CHANNELS_H_
