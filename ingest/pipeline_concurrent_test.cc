// Several streams on one pipeline whose caches are so small that threads write the same entries all
// the time: each line must still become its own stack and labels.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "ingest/fake_interner.h"
#include "ingest/hash_cache.h"
#include "ingest/pipeline.h"

namespace flamekeep::ingest {
namespace {

TEST(HashCacheConcurrentTest, NeverGivesAWrongValue) {
  HashCache cache(4);
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&cache, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 50'000; ++i) {
        const uint64_t number = random() % 16;
        const auto key = cache.KeyOf(std::to_string(number));
        const uint64_t value = number * 0x9e3779b97f4a7c15;
        if (const auto found = cache.Find(key)) {
          ASSERT_EQ(*found, value);
        } else {
          cache.Insert(key, value);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(PipelineConcurrentTest, StreamsShareCaches) {
  FakeInterner interner;
  Metrics metrics;
  auto rules = Rules::Make({.frames = {{"/php-(?P<version>[^/]+)/", "/php/"}}});
  ASSERT_TRUE(rules.ok());
  auto pipeline = Pipeline::Make(
      &interner, {.rules = *rules, .metrics = &metrics, .caches = {.stacks = 4, .frames = 4}});
  ASSERT_TRUE(pipeline.ok());

  std::vector<std::thread> threads;
  threads.reserve(3);
  for (uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      auto stream = (*pipeline)->NewStream({.site = "site", .source = std::to_string(t)});
      const auto type = stream->Type(*(*pipeline)->TypeOf("excimer"));
      ASSERT_TRUE(type.ok());
      std::mt19937_64 random(t);
      for (int round = 0; round < 200; ++round) {
        std::vector<uint64_t> drawn(20);
        std::string lines;
        for (uint64_t& number : drawn) {
          number = random() % 50;
          lines += "/w/e" + std::to_string(number % 3) + ".php;/php-" + std::to_string(number % 5) +
                   "/x;f" + std::to_string(number) + " 1\n";
        }
        std::vector<storage::Sample> samples;
        ASSERT_TRUE(stream->DecodeFolded(lines, *type, storage::Minute{7}, &samples).ok());
        ASSERT_EQ(samples.size(), drawn.size());
        for (size_t i = 0; i < drawn.size(); ++i) {
          const std::string entry = "e" + std::to_string(drawn[i] % 3);
          ASSERT_EQ(interner.Folded(samples[i].stack),
                    "/w/" + entry + ".php;/php/x;f" + std::to_string(drawn[i]));
          ASSERT_EQ(
              interner.SeriesOf(samples[i].series).labels,
              (storage::Labels{{"entry_point", entry}, {"version", std::to_string(drawn[i] % 5)}}));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace flamekeep::ingest
