// The dictionary under load. The tree grows like the real one: a new stack leaves a known path at
// some node, mostly an old and busy one, and adds a few nodes; frames are few and used unevenly.
//
// FLAMEKEEP_BENCH_NODES says how large the tree is (default 4 million; two years of Wikimedia are
// about 80 million).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "storage/dictionary.h"
#include "storage/dictionary_test_store.h"

namespace flamekeep::storage {
namespace {

constexpr uint32_t kFrames = 11'000;
constexpr double kNewNodesPerStack = 2.6;
constexpr uint64_t kDefaultNodes = 4'000'000;

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::abort();
}

class GrowingTree {
 public:
  GrowingTree() : store_(kBlockShift) {
    Must(store_.Open());
    for (uint32_t i = 1; i < kFrames; ++i) {
      Must(dictionary()
               .InternFrame("Wikimedia\\Some\\Name\\Space::function" + std::to_string(i))
               .status());
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    const char* const wanted = std::getenv("FLAMEKEEP_BENCH_NODES");
    const uint64_t nodes = wanted == nullptr ? kDefaultNodes : std::strtoull(wanted, nullptr, 10);
    while (dictionary().tree().size() < nodes) {
      const StackTreeView tree = dictionary().tree();
      for (int i = 0; i < 10'000; ++i) {
        const std::vector<FrameId> stack = NewStack(tree);
        Must(dictionary().InternStack(stack).status());
      }
      Must(store_.Commit());
      Must(store_.DeriveAll());
    }
  }

  DictionaryTestStore& store() { return store_; }
  Dictionary& dictionary() { return store_.dictionary(); }

  uint32_t KnownNode(const StackTreeView& tree) {
    // Most paths leave the tree near its oldest nodes, which are the busy ones.
    const double place = std::pow(uniform_(random_), 2);
    return std::min(static_cast<uint32_t>(place * tree.size()), tree.size() - 1);
  }
  std::vector<FrameId> KnownStack(const StackTreeView& tree) {
    std::vector<FrameId> stack;
    for (StackId id{KnownNode(tree)}; id != kRootStack; id = tree.parent(id)) {
      stack.push_back(tree.frame(id));
    }
    std::reverse(stack.begin(), stack.end());
    return stack;
  }
  std::vector<FrameId> NewStack(const StackTreeView& tree) {
    std::vector<FrameId> stack = KnownStack(tree);
    do {
      stack.push_back(FrameId{static_cast<uint32_t>(std::pow(uniform_(random_), 3) * kFrames)});
    } while (uniform_(random_) > 1 / kNewNodesPerStack);
    return stack;
  }

 private:
  DictionaryTestStore store_;
  std::mt19937_64 random_{1};
  std::uniform_real_distribution<double> uniform_{0, 1};
};

GrowingTree& Tree() {
  static GrowingTree tree;
  return tree;
}

std::vector<std::vector<FrameId>> MakeStacks(bool known, size_t count) {
  const StackTreeView tree = Tree().dictionary().tree();
  std::vector<std::vector<FrameId>> stacks;
  stacks.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    stacks.push_back(known ? Tree().KnownStack(tree) : Tree().NewStack(tree));
  }
  return stacks;
}

// Whole stacks that end in new nodes.
void BM_InternNewStack(benchmark::State& state) {
  Dictionary& dictionary = Tree().dictionary();
  const uint32_t size_before = dictionary.tree().size();
  size_t frames = 0;
  while (state.KeepRunningBatch(10'000)) {
    state.PauseTiming();
    const auto stacks = MakeStacks(/*known=*/false, 10'000);
    state.ResumeTiming();
    for (const auto& stack : stacks) {
      benchmark::DoNotOptimize(dictionary.InternStack(stack));
      frames += stack.size();
    }
  }
  state.counters["new_nodes/s"] =
      benchmark::Counter(dictionary.tree().size() - size_before, benchmark::Counter::kIsRate);
  state.counters["frames/s"] = benchmark::Counter(frames, benchmark::Counter::kIsRate);
}
BENCHMARK(BM_InternNewStack);

// Whole stacks that are there, old ones more often.
void BM_InternKnownStack(benchmark::State& state) {
  Dictionary& dictionary = Tree().dictionary();
  size_t frames = 0;
  while (state.KeepRunningBatch(10'000)) {
    state.PauseTiming();
    const auto stacks = MakeStacks(/*known=*/true, 10'000);
    state.ResumeTiming();
    for (const auto& stack : stacks) {
      benchmark::DoNotOptimize(dictionary.InternStack(stack));
      frames += stack.size();
    }
  }
  state.counters["frames/s"] = benchmark::Counter(frames, benchmark::Counter::kIsRate);
}
BENCHMARK(BM_InternKnownStack);

// One child that is not there, under a parent anywhere in the tree: every index is asked.
void BM_InternNewChild(benchmark::State& state) {
  Dictionary& dictionary = Tree().dictionary();
  std::mt19937 random(2);
  std::uniform_int_distribution<uint32_t> parent(0, dictionary.tree().size() - 1);
  std::uniform_int_distribution<uint32_t> frame(0, kFrames - 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        dictionary.InternChild(StackId{parent(random)}, FrameId{frame(random)}));
  }
}
BENCHMARK(BM_InternNewChild);

void BM_InternKnownFrame(benchmark::State& state) {
  Dictionary& dictionary = Tree().dictionary();
  std::vector<std::string> names;
  names.reserve(4096);
  for (uint32_t i = 0; i < 4096; ++i) {
    names.emplace_back(dictionary.frame(FrameId{1 + i * 2}).function);
  }
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(dictionary.InternFrame(names[i++ % names.size()]));
  }
}
BENCHMARK(BM_InternKnownFrame);

// The hashes of a column: distinct ids in descending order, old ones more often.
void BM_StackHashes(benchmark::State& state) {
  const Dictionary& dictionary = Tree().dictionary();
  const StackTreeView tree = dictionary.tree();
  const size_t count = static_cast<size_t>(state.range(0));
  while (state.KeepRunningBatch(static_cast<int64_t>(count))) {
    state.PauseTiming();
    std::vector<uint32_t> ids;
    ids.reserve(count);
    for (size_t i = 0; i < count; ++i) ids.push_back(Tree().KnownNode(tree));
    std::sort(ids.rbegin(), ids.rend());
    std::vector<unsigned __int128> hashes(count);
    state.ResumeTiming();
    dictionary.StackHashes(ids, hashes.data());
    benchmark::DoNotOptimize(hashes.data());
  }
}
BENCHMARK(BM_StackHashes)->Arg(1'000)->Arg(100'000);

void BM_StackHashHot(benchmark::State& state) {
  const Dictionary& dictionary = Tree().dictionary();
  uint32_t id = 0;
  for (auto _ : state) benchmark::DoNotOptimize(dictionary.StackHash(StackId{id++ % 10'000}));
}
BENCHMARK(BM_StackHashHot);

void BM_TakeView(benchmark::State& state) {
  const Dictionary& dictionary = Tree().dictionary();
  for (auto _ : state) benchmark::DoNotOptimize(dictionary.tree());
}
BENCHMARK(BM_TakeView);

// Opens the dictionary in an open RocksDB. Last, as what the others interned is lost.
void BM_Open(benchmark::State& state) {
  DictionaryTestStore& store = Tree().store();
  Must(store.Commit());
  Must(store.DeriveAll());
  for (auto _ : state) Must(store.Open());
  const DictionaryStats stats = store.dictionary().stats();
  state.counters["nodes"] = static_cast<double>(stats.stacks);
  state.counters["derived_bytes/node"] =
      static_cast<double>(stats.derived_bytes) / static_cast<double>(stats.derived_stacks);
  state.counters["memory_MB"] = static_cast<double>(stats.memory_bytes) / 1e6;
}
BENCHMARK(BM_Open)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flamekeep::storage
