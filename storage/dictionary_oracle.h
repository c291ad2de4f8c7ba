// What tests hold a dictionary against: an oracle in the plainest form, random stacks, and a
// fixture that interns them in both.
#ifndef FLAMEKEEP_STORAGE_DICTIONARY_ORACLE_H_
#define FLAMEKEEP_STORAGE_DICTIONARY_ORACLE_H_

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/dictionary.h"
#include "storage/dictionary_test_store.h"
#include "storage/ids.h"

namespace flamekeep::storage {

inline constexpr uint32_t kSmallBlockShift = 10;

// What a dictionary is, in the plainest form.
class DictionaryOracle {
 public:
  FrameId InternFrame(const std::string& function, const std::string& file) {
    const auto [it, added] = frame_ids_.try_emplace({function, file}, frames_.size());
    if (added) frames_.push_back(it->first);
    return FrameId{it->second};
  }
  StackId InternChild(StackId parent, FrameId frame) {
    const auto [it, added] = ids_.try_emplace({Raw(parent), Raw(frame)}, nodes_.size());
    if (added) nodes_.push_back(it->first);
    return StackId{it->second};
  }
  StackId InternStack(const std::vector<FrameId>& root_first) {
    StackId id = kRootStack;
    for (const FrameId frame : root_first) id = InternChild(id, frame);
    return id;
  }

  void ExpectEqual(const Dictionary& dictionary) const {
    ASSERT_EQ(dictionary.frame_count(), frames_.size());
    for (uint32_t id = 0; id < frames_.size(); ++id) {
      const Frame frame = dictionary.frame(FrameId{id});
      ASSERT_EQ(frame.function, frames_[id].first);
      ASSERT_EQ(frame.file, frames_[id].second);
    }
    const StackTreeView tree = dictionary.tree();
    ASSERT_EQ(tree.size(), nodes_.size());
    for (uint32_t id = 0; id < nodes_.size(); ++id) {
      ASSERT_EQ(Raw(tree.parent(StackId{id})), nodes_[id].first) << id;
      ASSERT_EQ(Raw(tree.frame(StackId{id})), nodes_[id].second) << id;
    }
  }

  unsigned __int128 Hash(StackId id) const {
    if (id == kRootStack) return 0;
    const auto [parent, frame] = nodes_[Raw(id)];
    const unsigned __int128 above = Hash(StackId{parent});
    std::string bytes(reinterpret_cast<const char*>(&above), sizeof(above));
    bytes += frames_[frame].first + '\0' + frames_[frame].second;
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return static_cast<unsigned __int128>(hash.high64) << 64 | hash.low64;
  }

  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }

 private:
  std::vector<std::pair<std::string, std::string>> frames_ = {{"", ""}};
  std::map<std::pair<std::string, std::string>, uint32_t> frame_ids_ = {{{"", ""}, 0}};
  std::vector<std::pair<uint32_t, uint32_t>> nodes_ = {{0, 0}};
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> ids_;
};

// Stacks with shared prefixes and a long tail.
class StackGenerator {
 public:
  explicit StackGenerator(uint32_t seed) : random_(seed) {}

  std::pair<std::string, std::string> FrameName() {
    // Few names at the front, ever new ones at the back.
    const uint32_t number = random_() % (1 + random_() % 3000);
    return {"function" + std::to_string(number), number % 3 == 0 ? "file.php" : ""};
  }
  uint32_t Depth() { return random_() % 30; }
  uint32_t Below(uint32_t end) { return random_() % end; }

 private:
  std::mt19937 random_;
};

class DictionaryTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(store_.Open(), absl::OkStatus()); }

  Dictionary& dictionary() { return store_.dictionary(); }

  // Interns one random stack in both.
  void InternOne(StackGenerator& stacks) {
    std::vector<FrameId> frames;
    for (uint32_t depth = stacks.Depth(); depth > 0; --depth) {
      const auto [function, file] = stacks.FrameName();
      const auto id = dictionary().InternFrame(function, file);
      ASSERT_EQ(id.status(), absl::OkStatus());
      ASSERT_EQ(*id, oracle_.InternFrame(function, file));
      frames.push_back(*id);
    }
    const auto id = dictionary().InternStack(frames);
    ASSERT_EQ(id.status(), absl::OkStatus());
    ASSERT_EQ(*id, oracle_.InternStack(frames));
  }
  void InternUpTo(uint32_t size, StackGenerator& stacks) {
    while (oracle_.size() < size) ASSERT_NO_FATAL_FAILURE(InternOne(stacks));
  }

  DictionaryTestStore store_{kSmallBlockShift};
  DictionaryOracle oracle_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DICTIONARY_ORACLE_H_
