#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "query/query_testing.h"
#include "query/repeats.h"

namespace flamekeep::query {
namespace {

TEST(RepeatsConcurrent, ManyAskAtOnce) {
  std::mt19937_64 random(1);
  const TestTree tree = TestTree::Random(100'000, 300, random);
  const storage::StackTreeView view = tree.View();
  const Context context;
  RepeatTable alone;
  Repeats expected(view, tree.frame_count(), &alone, context);
  for (uint32_t id = 0; id < tree.size(); ++id) expected.Of(id);

  RepeatTable shared;
  std::vector<std::thread> threads;
  for (uint32_t part = 0; part < 4; ++part) {
    threads.emplace_back([&, part] {
      Repeats repeats(view, tree.frame_count(), &shared, context);
      for (uint32_t i = 0; i < tree.size(); ++i) {
        // Up and down, so that they meet.
        const uint32_t id = part % 2 == 0 ? i : tree.size() - 1 - i;
        const bool known = alone.Get(id) == RepeatTable::Answer::kRepeats;
        if (repeats.Of(id) != known) ADD_FAILURE() << id;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared.memory_bytes(), alone.memory_bytes());
}

}  // namespace
}  // namespace flamekeep::query
