#include "server/arclamp/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flamekeep::server {
namespace {

using storage::SeriesId;
using storage::SeriesKey;
using testing::ElementsAre;
using testing::IsEmpty;

SeriesKey Key(std::string site, std::string type, std::string entry_point = "") {
  SeriesKey key{.site = std::move(site), .profile_type = std::move(type)};
  if (!entry_point.empty()) key.labels = {{"entry_point", std::move(entry_point)}, {"wiki", "x"}};
  return key;
}

std::vector<std::string> Names(const std::vector<ArcLampChannel>& channels) {
  std::vector<std::string> names;
  for (const ArcLampChannel& channel : channels) names.push_back(channel.name);
  return names;
}

TEST(ArcLampChannelsTest, AreProfileTypesByName) {
  const std::vector<SeriesKey> series = {
      {},
      Key("eqiad", "excimer-wall:samples:count::", "index"),
      Key("codfw", "excimer-wall:samples:count::", "../etc"),
      Key("eqiad", "excimer:cpu:nanoseconds::", "all"),
      Key("eqiad", "memory:alloc:bytes::"),
      Key("eqiad", "memory:inuse:bytes::"),
      Key("eqiad", "excimer-wall:samples:count::"),
  };
  const std::vector<ArcLampChannel> all = ArcLampChannelsOf(series, {}, "");
  ASSERT_THAT(Names(all), ElementsAre("excimer", "excimer-wall"));
  EXPECT_THAT(all[0].tags, ElementsAre(""));
  EXPECT_THAT(all[1].series, ElementsAre(SeriesId{1}, SeriesId{2}, SeriesId{6}));
  EXPECT_THAT(all[1].tags, ElementsAre("index", "", ""));

  const std::vector<ArcLampChannel> codfw = ArcLampChannelsOf(series, {}, "codfw");
  ASSERT_THAT(Names(codfw), ElementsAre("excimer-wall"));
  EXPECT_THAT(codfw[0].series, ElementsAre(SeriesId{2}));

  // Under the name of the channel, as its logs were; "excimer" is another type's then.
  const ingest::ChannelTypes types = {{"php", "excimer-wall:samples:count::"},
                                      {"heap", "memory:inuse:bytes::"},
                                      {"redis:no/name", "memory:alloc:bytes::"},
                                      {"excimer", "other"}};
  EXPECT_THAT(Names(ArcLampChannelsOf(series, types, "")), ElementsAre("heap", "php"));
  EXPECT_THAT(ArcLampChannelsOf({series.data(), 1}, types, ""), IsEmpty());
}

TEST(ArcLampChannelsTest, SelectorsHaveTheTagAndTheSite) {
  const ingest::ChannelTypes types = {{"excimer", "excimer:cpu:nanoseconds::"}};
  EXPECT_EQ(ArcLampSelector(types, "excimer-wall", "all", ""), "excimer-wall");
  EXPECT_EQ(ArcLampSelector(types, "excimer", "index", ""),
            R"(excimer:cpu:nanoseconds::{entry_point="index"})");
  EXPECT_EQ(ArcLampSelector(types, "x", "all", "eqiad"), R"(x{site="eqiad"})");
  EXPECT_EQ(ArcLampSelector(types, "x", "api", "eqiad"), R"(x{entry_point="api",site="eqiad"})");
}

}  // namespace
}  // namespace flamekeep::server
