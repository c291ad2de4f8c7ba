// The difference of recorded samples: of real requests, whose samples are far from independent.
// FLAMEKEEP_CORPUS names another recording than the one in the checkout.
#include <absl/strings/numbers.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "query/diff.h"
#include "query/engine.h"
#include "storage/store_testing.h"

namespace flamekeep::query {
namespace {

constexpr char kSample[] = "data/mediawiki-sample.messages.zst";
constexpr std::string_view kChannel = "excimer-wall";
constexpr int64_t kRecordingMicros = 605'500'000;
const absl::Time kCorpusBegin = absl::FromUnixSeconds(1'795'219'200);  // 2026-11-21

// The recording has five phases; the parts of it that surely lie in one.
constexpr absl::Duration kMixedEnd = absl::Seconds(126);
constexpr absl::Duration kNocacheBegin = absl::Seconds(525);

std::string ReadRecording() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* given = std::getenv("FLAMEKEEP_CORPUS");
  std::ostringstream compressed;
  compressed << std::ifstream(given != nullptr ? given : kSample, std::ios::binary).rdbuf();
  const std::string bytes = compressed.str();
  std::string text;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_DCtx* const stream = ZSTD_createDCtx();
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)) != 0) break;
    text.append(piece, 0, out.pos);
  }
  ZSTD_freeDCtx(stream);
  return text;
}

class DiffCorpusTest : public ::testing::Test {
 protected:
  struct Recorded {
    absl::Duration offset;  // from the begin of the recording
    storage::StackId stack;
    uint64_t value;
  };

  void SetUp() override {
    const std::string text = ReadRecording();
    std::istringstream lines(text);
    std::map<std::string, storage::StackId, std::less<>> known;
    int64_t begin = 0;
    for (std::string line; std::getline(lines, line);) {
      const size_t channel = line.find('\t') + 1;
      const size_t payload = line.find('\t', channel) + 1;
      const size_t count = line.rfind(' ');
      int64_t micros = 0;
      ASSERT_TRUE(absl::SimpleAtoi(line.substr(0, channel - 1), &micros));
      if (begin == 0) begin = micros;
      if (line.substr(channel, payload - 1 - channel) != kChannel) continue;
      const std::string stack = line.substr(payload, count - payload);
      const auto [found, added] = known.try_emplace(stack);
      if (added) found->second = Intern(stack);
      samples_.push_back(
          {absl::Microseconds(micros - begin), found->second, std::stoull(line.substr(count + 1))});
    }
    ASSERT_GT(samples_.size(), 10'000);
  }

  storage::StackId Intern(const std::string& stack) {
    std::vector<storage::FrameId> frames;
    std::istringstream path(stack);
    for (std::string frame; std::getline(path, frame, ';');) {
      frames.push_back(*store_->dictionary().InternFrame(frame));
    }
    return *store_->dictionary().InternStack(frames);
  }

  // Stores all samples under a profile type: `place` gives each its minute and a label.
  template <typename Place>
  void Store(const std::string& type, Place place) {
    storage::Batch batch;
    batch.source = *store_->InternSource(
        {.kind = storage::SourceKind::kPush, .site = "eqiad", .name = "test"});
    for (const Recorded& sample : samples_) {
      const auto [minute, half] = place(sample.offset);
      batch.samples.push_back(
          {.minute = *storage::MinuteOf(kCorpusBegin + absl::Minutes(minute)),
           .series = *store_->InternSeries({.site = "eqiad",
                                            .profile_type = type + ":samples:count::",
                                            .labels = {{"half", half ? "b" : "a"}}}),
           .stack = sample.stack,
           .value = sample.value});
    }
    ASSERT_TRUE(store_->Append(std::move(batch)).ok());
    ASSERT_TRUE(store_->Flush().ok());
  }

  Diff MakeDiff(const Selection& baseline, const Selection& selection) {
    const DiffOptions options{.limit = kMaxDiffFunctions, .tree = true, .max_nodes = 20'000};
    auto diff = Engine(&*store_).MakeDiff(baseline, selection, options, Context());
    EXPECT_TRUE(diff.ok()) << diff.status();
    return *std::move(diff);
  }

  std::vector<Recorded> samples_;
  storage::TestDirectory directory_;
  storage::TestStore store_{directory_.path()};
};

struct Flagged {
  int tested = 0;
  int beyond = 0;

  void Count(Verdict verdict) {
    tested += verdict != Verdict::kNotEnoughData ? 1 : 0;
    beyond += verdict == Verdict::kBeyondNoise ? 1 : 0;
  }
  double share() const { return tested == 0 ? 0 : static_cast<double>(beyond) / tested; }
};

// Random halves of the same recording, blocks of some seconds at a time.
TEST_F(DiffCorpusTest, RandomHalvesDifferByNoise) {
  constexpr int kBlocks = 119;
  constexpr double kMost = 0.05;
  for (int seed = 0; seed < 6; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<bool> halves(kBlocks + 1);
    for (int block = 0; block <= kBlocks; ++block) halves[block] = random() % 2 == 0;
    const std::string type = fmt::format("halves{}", seed);
    Store(type, [&](absl::Duration offset) {
      const auto block = absl::ToInt64Microseconds(offset) * kBlocks / kRecordingMicros;
      return std::pair(block, halves[std::min<int64_t>(block, kBlocks)]);
    });
    const absl::Time end = kCorpusBegin + absl::Minutes(kBlocks + 1);
    const Diff diff = MakeDiff({type + "{half=\"a\"}", kCorpusBegin, end, {}},
                               {type + "{half=\"b\"}", kCorpusBegin, end, {}});
    EXPECT_GE(diff.buckets, 30);
    Flagged totals;
    Flagged selfs;
    Flagged stacks;
    for (const DiffFunction& function : diff.functions) {
      totals.Count(function.total.verdict);
      selfs.Count(function.self.verdict);
    }
    for (const Verdict verdict : diff.tree->verdict) stacks.Count(verdict);
    EXPECT_GE(totals.tested, 1000);
    EXPECT_LE(totals.share(), kMost) << totals.beyond << " of " << totals.tested;
    EXPECT_GE(selfs.tested, 300);
    EXPECT_LE(selfs.share(), kMost) << selfs.beyond << " of " << selfs.tested;
    EXPECT_GE(stacks.tested, 1000);
    EXPECT_LE(stacks.share(), kMost) << stacks.beyond << " of " << stacks.tested;
  }
}

// The last phase of the recording is the first one with the caches switched off.
TEST_F(DiffCorpusTest, FindsTheRegression) {
  // Half a minute of a day for each second of the recording.
  const auto minute_of = [](absl::Duration offset) { return absl::ToInt64Seconds(offset) / 2; };
  Store("phases",
        [&](absl::Duration offset) { return std::pair(minute_of(offset), /*half=*/false); });
  const Selection mixed = {
      "phases", kCorpusBegin, kCorpusBegin + absl::Minutes(minute_of(kMixedEnd)), {}};
  const Selection nocache = {"phases",
                             kCorpusBegin + absl::Minutes(minute_of(kNocacheBegin)),
                             kCorpusBegin + absl::Minutes(302),
                             {}};
  const Diff diff = MakeDiff(mixed, nocache);
  EXPECT_GE(diff.beyond_noise, 50);
  EXPECT_LT(diff.beyond_noise, diff.function_count / 4);
  const auto find = [&](std::string_view name) {
    const auto found =
        std::find_if(diff.functions.begin(), diff.functions.end(),
                     [&](const DiffFunction& function) { return function.function == name; });
    return found != diff.functions.end() ? found->total : Compared();
  };
  // What asks the caches had to do the work.
  for (const std::string_view name :
       {"WANObjectCache::getWithSetCallback", "WANObjectCache::fetchOrRegenerate",
        "MessageCache::load", "MessageCache::loadFromDB"}) {
    EXPECT_EQ(find(name).verdict, Verdict::kBeyondNoise) << name;
    EXPECT_GT(find(name).share.difference, 0.02) << name;
  }
  // What handles a request did not.
  EXPECT_NE(find("MediaWiki::run").verdict, Verdict::kBeyondNoise);
  // And the other way round it is a progress.
  const Diff back = MakeDiff(nocache, mixed);
  EXPECT_EQ(back.beyond_noise, diff.beyond_noise);
  EXPECT_EQ(back.functions[0].function, diff.functions[0].function);
  EXPECT_EQ(back.functions[0].total.share.difference, -diff.functions[0].total.share.difference);
  EXPECT_GE(std::count(diff.tree->verdict.begin(), diff.tree->verdict.end(), Verdict::kBeyondNoise),
            10);
}

}  // namespace
}  // namespace flamekeep::query
