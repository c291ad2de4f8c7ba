// `relabel`, `label_salts` and the limits of series.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"
#include "ingest/relabel.h"
#include "server/config.h"

namespace flamekeep::server {
namespace {

using ingest::Relabel;
using storage::Labels;
using testing::HasSubstr;
using testing::StartsWith;

std::string LabelsErrorOf(const std::string& yaml) {
  return Message(ParseConfig(yaml, "f.yaml").status());
}

std::string CheckErrorOf(const std::string& yaml) {
  const auto config = ParseConfig("data: d\n" + yaml, "f.yaml");
  EXPECT_TRUE(config.ok()) << config.status();
  return Message(CheckConfig(*config));
}

Labels Through(const Relabel& relabel, const Labels& labels) {
  uint8_t flags = 0;
  return relabel.Of(labels).Seal(nullptr, &flags);
}

TEST(ConfigLabelsTest, RulesOfASourceStandBeforeThoseOfTheServer) {
  const auto config = ParseConfig(R"yaml(
sites:
  eqiad: {redis: "redis://a", relabel: [{keep: user}]}
  codfw: "redis://b"
relabel:
  - {drop: user}
  - {rename: k8s.pod.name, to: pod}
push:
  relabel: [{rename: user, to: who}, {drop: "*"}]
)yaml",
                                  "f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  const Labels labels = {{"k8s_pod_name", "p"}, {"user", "ann"}};
  EXPECT_EQ(Through(*MakeSiteRelabel(*config, config->sites[0]), labels),
            (Labels{{"pod", "p"}, {"user", "ann"}}));
  EXPECT_EQ(Through(*MakeSiteRelabel(*config, config->sites[1]), labels), (Labels{{"pod", "p"}}));
  EXPECT_EQ(Through(*MakePushRelabel(*config), labels), (Labels{{"who", "ann"}}));
}

TEST(ConfigLabelsTest, ProfilesKeepTheUsualLabelsWherePushSaysNothing) {
  const auto config = ParseConfig("relabel: [{drop: job}, {keep: team}]\n", "f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  const Relabel relabel = *MakePushRelabel(*config);
  EXPECT_TRUE(relabel.Keeps("service.name"));
  EXPECT_TRUE(relabel.Keeps("team"));
  EXPECT_FALSE(relabel.Keeps("job"));
  EXPECT_FALSE(relabel.Keeps("pid"));
  const auto own = ParseConfig("push: {relabel: [{keep: pid}]}\n", "f.yaml");
  EXPECT_TRUE(MakePushRelabel(*own)->Keeps("pid"));
  EXPECT_FALSE(MakePushRelabel(*own)->Keeps("service.name"));
}

TEST(ConfigLabelsTest, SaltsAndLimits) {
  const auto config = ParseConfig(R"yaml(
sites:
  eqiad: {redis: "redis://a", limits: {series_per_site: 7}}
  pushed: {limits: {values_per_label: 3}}
limits: {series_per_site: 20, values_per_label: 9}
label_salts: {rotate: 1h, keep: 2d, redis: "redis://:s3cret@salts/1", password_file: salt.password}
)yaml",
                                  "conf/f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->limits.series, (ingest::SeriesLimits{20, 9}));
  EXPECT_EQ(config->sites[0].limits, (ingest::SeriesLimits{7, 9}));
  EXPECT_EQ(config->sites[1].limits, (ingest::SeriesLimits{20, 3}));
  EXPECT_EQ(config->label_salts.rotate, absl::Hours(1));
  EXPECT_EQ(config->label_salts.keep, absl::Hours(48));
  EXPECT_EQ(config->label_salts.redis->Display(), "redis://salts:6379/1");
  EXPECT_EQ(config->label_salts.password_file, "conf/salt.password");
}

TEST(ConfigLabelsTest, ErrorsNameThePlaceAndWhatToDo) {
  EXPECT_EQ(LabelsErrorOf("relabel:\n  - user\n"),
            "f.yaml:2: `relabel[0]` must be a rule such as {keep: NAME} or {rename: NAME, to: "
            "OTHER}");
  EXPECT_THAT(LabelsErrorOf("relabel: [{to: x}]\n"),
              HasSubstr("`relabel[0]` must have one of the keys keep, rename, hash and drop"));
  EXPECT_THAT(LabelsErrorOf("relabel: [{keep: a, drop: a}]\n"), HasSubstr("must have one of"));
  EXPECT_THAT(LabelsErrorOf("relabel: [{kep: a}]\n"), HasSubstr("did you mean `keep`?"));
  EXPECT_THAT(LabelsErrorOf("push:\n  relabel:\n    - {drop: \"*\"}\n    - {keep: a}\n"),
              StartsWith("f.yaml:4: `push.relabel[1]` can not be used: a rule for the label \"a\" "
                         "stands behind one for \"*\""));
  EXPECT_THAT(LabelsErrorOf("sites: {a: {redis: \"redis://h\", relabel: [{hash: site}]}}\n"),
              HasSubstr("`sites.a.relabel[0]` can not be used: the label name \"site\" is taken"));
  EXPECT_THAT(LabelsErrorOf("sites: {a: {relabel: [{keep: x}], limits: {series_per_site: 1}}}\n"),
              HasSubstr("needs the key `redis`"));
  EXPECT_THAT(LabelsErrorOf("sites: {a: {limits: {queue: 1}}}\n"),
              HasSubstr("use one of series_per_site, values_per_label"));
  EXPECT_THAT(LabelsErrorOf("label_salts: {rotate: 90s}\n"), HasSubstr("must be whole minutes"));
  EXPECT_THAT(LabelsErrorOf("label_salts: {rotate: 1m, keep: 30d}\n"),
              HasSubstr("keep at most 1000 of them"));
  EXPECT_THAT(LabelsErrorOf("label_salts: {redis: \"redis://u:hunter2@h:x\"}"),
              testing::Not(HasSubstr("hunter2")));
}

TEST(ConfigLabelsTest, StreamsNeedSaltsThatNodesShare) {
  const std::string streams = "sites: {eqiad: {redis: \"redis://h\", streams: [cpu]}}\n";
  EXPECT_THAT(CheckErrorOf(streams + "relabel: [{hash: user}]\n"),
              HasSubstr("hashes labels of the streams of site eqiad"));
  EXPECT_EQ(CheckErrorOf(streams + "relabel: [{hash: user}]\n"
                                   "label_salts: {redis: \"redis://h\"}\n"),
            "");
  EXPECT_EQ(CheckErrorOf(streams + "push: {relabel: [{hash: user}]}\n"), "");
  EXPECT_EQ(CheckErrorOf("sites: {eqiad: \"redis://h\"}\nrelabel: [{hash: user}]\n"), "");
}

}  // namespace
}  // namespace flamekeep::server
