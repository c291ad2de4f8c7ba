#include "ingest/label_salts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "ingest/fake_interner.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {
namespace {

using Found = LabelSalts::Found;

TEST(LabelKeyTest, HashesAsHmacSha256Does) {
  // python3: hmac.new(bytes(range(32)), b"user\0ann", "sha256").hexdigest()[:16]
  std::string bytes;
  for (char i = 0; i < 32; ++i) bytes += i;
  const auto key = LabelKey::From(bytes);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ((*key)->Hash("user", "ann"), "c5339e04520cd64e");
  EXPECT_NE((*key)->Hash("user", "ann"), (*key)->Hash("pod", "ann"));
  EXPECT_NE((*key)->Hash("user", "ann"), (*key)->Hash("user", "bob"));
  EXPECT_EQ((*key)->bytes(), bytes);
  EXPECT_EQ(LabelKey::From("short").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LabelKeyTest, RandomOnesDiffer) {
  const auto one = *LabelKey::Random();
  const auto two = *LabelKey::Random();
  EXPECT_NE(one->bytes(), two->bytes());
  EXPECT_NE(one->id(), two->id());
  std::string secret = "secret";
  Wipe(&secret);
  EXPECT_TRUE(secret.empty());
}

class LabelSaltsTest : public ::testing::Test {
 protected:
  static storage::Minute MinuteAt(absl::Time time) { return *storage::MinuteOf(time); }
  Found Find(absl::Time time) { return salts_.Find(salts_.PeriodOf(MinuteAt(time))); }
  double Count(std::string_view name) {
    double sum = 0;
    for (const Metrics::Row& row : metrics_.Rows()) sum += row.name == name ? row.value : 0;
    return sum;
  }

  explicit LabelSaltsTest(bool shared = false)
      : salts_({.rotate = absl::Hours(6),
                .keep = absl::Hours(2),
                .shared = shared,
                .now = [this] { return now_; }},
               &metrics_) {}

  absl::Time now_ = absl::FromCivil(absl::CivilHour(2026, 11, 20, 12), absl::UTCTimeZone());
  Metrics metrics_;
  LabelSalts salts_;
};

TEST_F(LabelSaltsTest, APeriodHasOneKey) {
  const Found now = Find(now_);
  ASSERT_NE(now.key, nullptr);
  EXPECT_EQ(Find(now_ + absl::Hours(5)).key, now.key);
  const Found next = Find(now_ + absl::Hours(6));
  ASSERT_NE(next.key, nullptr);
  EXPECT_NE(next.key->Hash("user", "ann"), now.key->Hash("user", "ann"));
  EXPECT_EQ(Count("label_salts"), 2);
}

TEST_F(LabelSaltsTest, AKeyIsWipedAfterItsTimeAndThereIsNoOther) {
  std::weak_ptr<const LabelKey> key = Find(now_).key;
  const absl::Time sample = now_;
  now_ += absl::Hours(8) - absl::Minutes(1);
  salts_.Tick();
  EXPECT_FALSE(key.expired());
  EXPECT_NE(Find(sample).key, nullptr);
  now_ += absl::Minutes(1);
  salts_.Tick();
  EXPECT_TRUE(key.expired());
  EXPECT_EQ(Find(sample).key, nullptr);
  EXPECT_FALSE(Find(sample).may_come);
  EXPECT_EQ(Count("label_salts_wiped_total"), 1);
  // Also where the clock goes back.
  now_ -= absl::Hours(7);
  EXPECT_EQ(Find(sample).key, nullptr);
}

TEST_F(LabelSaltsTest, TimesThatAreTooFarAwayHaveNoKey) {
  EXPECT_EQ(Find(now_ - absl::Hours(9)).key, nullptr);
  EXPECT_NE(Find(now_ - absl::Hours(1)).key, nullptr);
  EXPECT_NE(Find(now_ + absl::Hours(24)).key, nullptr);
  EXPECT_EQ(Find(now_ + absl::Hours(31)).key, nullptr);
  EXPECT_EQ(Count("label_salts"), 2);
}

class SharedLabelSaltsTest : public LabelSaltsTest {
 protected:
  SharedLabelSaltsTest() : LabelSaltsTest(/*shared=*/true) {}
};

TEST_F(SharedLabelSaltsTest, AKeyThatIsNotKnownMayCome) {
  EXPECT_EQ(Find(now_).key, nullptr);
  EXPECT_TRUE(Find(now_).may_come);
  const absl::Time before = absl::Now();
  salts_.WaitForWanted(absl::Seconds(30));  // at once: one is asked for
  EXPECT_LT(absl::Now() - before, absl::Seconds(20));
  // This period's, and the next one's.
  std::vector<LabelSalts::Wanted> wanted = salts_.Shared();
  ASSERT_EQ(wanted.size(), 2u);
  EXPECT_EQ(wanted[0].left, absl::Hours(8));
  EXPECT_EQ(wanted[1].left, absl::Hours(14));
  salts_.Share(wanted[0].period, *LabelKey::Random());
  EXPECT_NE(Find(now_).key, nullptr);
  salts_.SetGone(wanted[1].period);
  EXPECT_FALSE(Find(now_ + absl::Hours(6)).may_come);
  wanted = salts_.Shared();
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].key, Find(now_).key);
}

TEST_F(SharedLabelSaltsTest, ASecondKeyIsCounted) {
  const SaltPeriod period = salts_.PeriodOf(MinuteAt(now_));
  const std::string bytes(LabelKey::kBytes, 'a');
  salts_.Share(period, *LabelKey::From(bytes));
  const uint64_t id = Find(now_).key->id();
  salts_.Share(period, *LabelKey::From(bytes));
  EXPECT_EQ(Find(now_).key->id(), id);
  EXPECT_EQ(Count("label_salt_conflicts_total"), 0);
  salts_.Share(period, *LabelKey::Random());
  EXPECT_NE(Find(now_).key->id(), id);
  EXPECT_EQ(Count("label_salt_conflicts_total"), 1);
}

// Lines whose labels are hashed, through the caches.
class SaltedPipelineTest : public LabelSaltsTest {
 protected:
  SaltedPipelineTest() {
    PipelineOptions options{
        .salts = &salts_, .metrics = &metrics_, .caches = {.stacks = 64, .frames = 64}};
    options.rules = *Rules::Make({.labels = {{"user", "user=(\\w+)"}, {"host", "host=(\\w+)"}},
                                  .frames = {{"/home/(?P<home>\\w+)/", "/home/"}}});
    pipeline_ = *Pipeline::Make(&interner_, std::move(options));
    relabel_ = *Relabel::Make({{RelabelRule::Action::kHash, "user", ""},
                               {RelabelRule::Action::kHash, "home", "owner"},
                               {RelabelRule::Action::kDrop, "host", ""}});
  }

  std::string LabelsOf(const storage::Sample& sample) const {
    std::string text;
    for (const auto& [name, value] : interner_.SeriesOf(sample.series).labels) {
      text += (text.empty() ? "" : " ") + name + "=" + value;
    }
    return text;
  }

  std::vector<std::string> Decode(LineStream* stream, std::string_view lines, absl::Time time) {
    std::vector<storage::Sample> samples;
    const auto type = stream->Type({.name = "cpu"});
    EXPECT_TRUE(stream->DecodeFolded(lines, *type, MinuteAt(time), &samples).ok());
    std::vector<std::string> labels;
    for (const storage::Sample& sample : samples) labels.push_back(LabelsOf(sample));
    return labels;
  }

  std::string UserAt(absl::Time time, std::string_view name = "ann") {
    return "user=" + Find(time).key->Hash("user", name);
  }

  FakeInterner interner_;
  std::unique_ptr<Pipeline> pipeline_;
  Relabel relabel_;
};

TEST_F(SaltedPipelineTest, ARotationNeverServesOldHashesFromTheCache) {
  const auto stream = pipeline_->NewStream({.site = "eqiad", .source = "cpu", .relabel = relabel_});
  const std::string lines = "a;user=ann;host=h1 1\na;user=bob;host=h2 1\na 1\n";
  std::set<std::string> seen;
  for (const int hours : {0, 0, 6, 0, 6, 12}) {
    const absl::Time time = now_ + absl::Hours(hours);
    EXPECT_THAT(Decode(stream.get(), lines, time),
                testing::ElementsAre(UserAt(time), UserAt(time, "bob"), ""));
    seen.insert(UserAt(time));
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(SaltedPipelineTest, LinesOfManyPeriodsAtOnce) {
  const auto stream = pipeline_->NewStream({.site = "eqiad",
                                            .source = "cpu",
                                            .relabel = relabel_,
                                            .extra_labels = relabel_.Of({{"home", "root"}})});
  std::string lines;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    const absl::Time time = now_ + absl::Hours(6 * (i * i % 3));
    lines += std::to_string(absl::ToUnixMicros(time)) + "\tcpu\ta;user=ann 1\n";
    expected.push_back("owner=" + Find(time).key->Hash("owner", "root") + " " + UserAt(time));
  }
  std::vector<storage::Sample> samples;
  ASSERT_TRUE(stream->DecodeTimed(lines, &samples).ok());
  std::vector<std::string> labels;
  for (const storage::Sample& sample : samples) labels.push_back(LabelsOf(sample));
  EXPECT_EQ(labels, expected);
}

TEST_F(SaltedPipelineTest, LabelsOfFramesAreHashedAndSourcesHaveTheirOwnRules) {
  const auto stream = pipeline_->NewStream({.site = "eqiad", .source = "cpu", .relabel = relabel_});
  const auto plain = pipeline_->NewStream({.site = "codfw", .source = "cpu"});
  const std::string owner = "owner=" + Find(now_).key->Hash("owner", "ann");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Decode(stream.get(), "/home/ann/x 1\n", now_), testing::ElementsAre(owner));
    EXPECT_THAT(Decode(plain.get(), "/home/ann/x 1\n", now_), testing::ElementsAre("home=ann"));
  }
}

TEST_F(SaltedPipelineTest, WithoutASaltTheLabelIsLeftOutAndCounted) {
  const auto stream = pipeline_->NewStream({.site = "eqiad", .source = "cpu", .relabel = relabel_});
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Decode(stream.get(), "a;user=ann 1\na 1\n", now_ - absl::Hours(24)),
                testing::ElementsAre("", ""));
  }
  EXPECT_EQ(Count("ingest_unhashed_labels_total"), 2);
  EXPECT_EQ(stream->unhashed(), 2u);
  // What was cached then does not count for other times.
  EXPECT_THAT(Decode(stream.get(), "a;user=ann 1\n", now_), testing::ElementsAre(UserAt(now_)));
}

TEST_F(SaltedPipelineTest, NoStreamHoldsAKey) {
  const auto stream = pipeline_->NewStream({.site = "eqiad", .source = "cpu", .relabel = relabel_});
  Decode(stream.get(), "a;user=ann 1\n", now_);
  const std::weak_ptr<const LabelKey> key = Find(now_).key;
  now_ += absl::Hours(9);
  salts_.Tick();
  EXPECT_TRUE(key.expired());
}

}  // namespace
}  // namespace flamekeep::ingest
