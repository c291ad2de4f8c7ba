#include "ingest/pprof_decoder.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>

#include "compat/pprof.pb.h"
#include "ingest/folded.h"
#include "ingest/profile_testing.h"

namespace flamekeep::ingest {
namespace {

using perftools::profiles::Profile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kMinuteNanos = 60'000'000'000;

class PprofDecoderTest : public ProfileTest {
 protected:
  absl::StatusOr<storage::Level> Decode(const std::string& bytes,
                                        const PprofOptions& options = {}) {
    samples_.clear();
    return DecodePprof(bytes, options, stream_.get(), &samples_);
  }
  absl::StatusOr<storage::Level> Decode(const Profile& profile, const PprofOptions& options = {}) {
    return Decode(profile.SerializeAsString(), options);
  }

  // Its index in the string table.
  static int64_t Text(Profile* profile, const std::string& text) {
    for (int i = 0; i < profile->string_table_size(); ++i) {
      if (profile->string_table(i) == text) return i;
    }
    profile->add_string_table(text);
    return profile->string_table_size() - 1;
  }
  static void AddType(Profile* profile, const std::string& type, const std::string& unit) {
    auto* value_type = profile->add_sample_type();
    value_type->set_type(Text(profile, type));
    value_type->set_unit(Text(profile, unit));
  }
  static uint64_t AddFunction(Profile* profile, const std::string& name, const std::string& file) {
    auto* function = profile->add_function();
    function->set_id(static_cast<uint64_t>(profile->function_size()));
    function->set_name(Text(profile, name));
    function->set_filename(Text(profile, file));
    return function->id();
  }
  // Functions are leaf first: the first is inlined into the second.
  static uint64_t AddLocation(Profile* profile, const std::vector<uint64_t>& functions) {
    auto* location = profile->add_location();
    location->set_id(static_cast<uint64_t>(profile->location_size()));
    for (const uint64_t id : functions) location->add_line()->set_function_id(id);
    return location->id();
  }
  static perftools::profiles::Sample* AddSample(Profile* profile,
                                                const std::vector<uint64_t>& leaf_first,
                                                const std::vector<int64_t>& values) {
    auto* sample = profile->add_sample();
    for (const uint64_t id : leaf_first) sample->add_location_id(id);
    for (const int64_t value : values) sample->add_value(value);
    return sample;
  }
  static Profile Small() {
    Profile profile;
    profile.add_string_table("");
    AddType(&profile, "samples", "count");
    AddLocation(&profile, {AddFunction(&profile, "main", "main.c")});
    profile.set_time_nanos(100 * kMinuteNanos);
    return profile;
  }

  std::vector<storage::Sample> samples_;
};

TEST_F(PprofDecoderTest, ProfilesThatGoMakes) {
  std::string unpacked;
  const auto cpu = UnpackProfile(ReadFile("tests/corpus/pprof/go-cpu.pb.gz"), &unpacked);
  ASSERT_TRUE(cpu.ok()) << cpu.status();
  ASSERT_EQ(*Decode(std::string(*cpu), {.minute = 1}), storage::Level::kMinute);
  uint64_t nanoseconds = 0;
  bool has_inlined = false;
  for (const auto& [row, value] : RowsOf(samples_)) {
    EXPECT_THAT(row, HasSubstr("{endpoint=/index} "));
    has_inlined |= row.find(
                       ";main.outer@/tmp/gop/main.go;main.inlined@/tmp/gop/main.go;main.busy@"
                       "/tmp/gop/main.go") != std::string::npos;
    if (row.starts_with("process_cpu:cpu:nanoseconds:cpu:nanoseconds{")) nanoseconds += value;
  }
  EXPECT_EQ(nanoseconds, 40'000'000u);  // as `go tool pprof -raw` says
  EXPECT_TRUE(has_inlined);

  const auto heap = UnpackProfile(ReadFile("tests/corpus/pprof/go-heap.pb.gz"), &unpacked);
  ASSERT_TRUE(Decode(std::string(*heap), {.minute = 1}).ok());
  std::set<std::string> types;
  for (const auto& [row, value] : RowsOf(samples_)) types.insert(row.substr(0, row.find('{')));
  EXPECT_THAT(types, ElementsAre("memory:alloc_objects:count:space:bytes",
                                 "memory:alloc_space:bytes:space:bytes",
                                 "memory:inuse_objects:count:space:bytes",
                                 "memory:inuse_space:bytes:space:bytes"));
  EXPECT_EQ(stream_->counts().rejected, 0u);
}

TEST_F(PprofDecoderTest, RulesSeeNamesAndFiles) {
  Profile profile = Small();
  const uint64_t leaf = AddLocation(&profile, {AddFunction(&profile, "leaf;x", "/src/v12/a.php")});
  AddSample(&profile, {leaf, 1}, {3});
  ASSERT_TRUE(Decode(profile).ok());
  EXPECT_THAT(RowsOf(samples_), UnorderedElementsAre(Pair("samples:samples:count::{version=12} 100 "
                                                          "main@main.c;leaf;x@/src/a.php",
                                                          3)));
}

TEST_F(PprofDecoderTest, AddressesWithoutFunctionsAreFrames) {
  Profile profile = Small();
  auto* mapping = profile.add_mapping();
  mapping->set_id(7);
  mapping->set_memory_start(0x10000);
  mapping->set_file_offset(0x200);
  mapping->set_filename(Text(&profile, "/usr/lib/libc.so.6"));
  auto* location = profile.add_location();
  location->set_id(2);
  location->set_mapping_id(7);
  location->set_address(0x10034);
  profile.add_location()->set_id(3);
  profile.mutable_location(2)->set_address(0x99);
  AddSample(&profile, {2, 3, 1}, {1});
  ASSERT_TRUE(Decode(profile).ok());
  EXPECT_THAT(RowsOf(samples_), UnorderedElementsAre(Pair(
                                    "samples:samples:count::{} 100 "
                                    "main@main.c;unknown+0x99;libc.so.6+0x234@/usr/lib/libc.so.6",
                                    1)));
}

TEST_F(PprofDecoderTest, WhatCanNotBeSamplesIsCounted) {
  Profile profile = Small();
  AddType(&profile, "cpu", "nanoseconds");
  AddSample(&profile, {1}, {1, 10});
  AddSample(&profile, {1}, {1, -10});
  AddSample(&profile, {1}, {0, 0});
  AddSample(&profile, {1}, {1});
  AddSample(&profile, {1}, {1, 2, 3});
  AddSample(&profile, {99}, {1, 1});
  AddSample(&profile, {0}, {1, 1});
  AddSample(&profile, {}, {1, 0});
  AddSample(&profile, {1}, {1, 1})->add_label()->set_key(1000);
  AddSample(&profile, {AddLocation(&profile, {77})}, {1, 1});
  AddSample(&profile, {AddLocation(&profile, {AddFunction(&profile, "", "")})}, {1, 0});
  ASSERT_TRUE(Decode(profile).ok());
  EXPECT_EQ(ReasonCount(Reject::kNegativeValue), 1u);
  EXPECT_EQ(ReasonCount(Reject::kBadValues), 2u);
  EXPECT_EQ(ReasonCount(Reject::kBadReference), 4u);
  EXPECT_EQ(ReasonCount(Reject::kNoFrames), 2u);
  EXPECT_EQ(stream_->counts().samples, 3u);
  EXPECT_EQ(stream_->counts().lines, stream_->counts().samples + stream_->counts().rejected);
  EXPECT_THAT(RowsOf(samples_),
              UnorderedElementsAre(Pair("samples:samples:count::{} 100 main@main.c", 2),
                                   Pair("process_cpu:cpu:nanoseconds::{} 100 main@main.c", 10)));
}

TEST_F(PprofDecoderTest, TimeAndNames) {
  Profile profile = Small();
  AddSample(&profile, {1}, {1});
  profile.set_duration_nanos(3 * kMinuteNanos);
  EXPECT_EQ(*Decode(profile, {.name = "wall"}), storage::Level::kHour);
  EXPECT_THAT(RowsOf(samples_),
              UnorderedElementsAre(Pair("wall:samples:count::{} 100 main@main.c", 1)));
  EXPECT_EQ(*Decode(profile, {.name = "a:b:c:d:e", .minute = 7}), storage::Level::kMinute);
  EXPECT_THAT(RowsOf(samples_), UnorderedElementsAre(Pair("a:b:c:d:e{} 7 main@main.c", 1)));
  profile.set_time_nanos(0);
  EXPECT_EQ(Decode(profile, {.needs_time = true}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Decode(profile).ok());
  EXPECT_EQ(samples_.at(0).minute, *storage::MinuteOf(now_));
  profile.set_time_nanos(-5);
  EXPECT_TRUE(Decode(profile).ok());
  EXPECT_EQ(ReasonCount(Reject::kTimeOutOfRange), 1u);
  AddType(&profile, "cpu", "nanoseconds");
  EXPECT_FALSE(Decode(profile, {.name = "a:b:c:d:e"}).ok());
  EXPECT_FALSE(Decode(profile, {.name = "no name"}).ok());
}

TEST_F(PprofDecoderTest, DisplayNamesTellMutexFromBlock) {
  Profile profile = Small();
  AddType(&profile, "contentions", "count");
  AddSample(&profile, {1}, {0, 5});
  for (const auto& [display, name] : {std::pair<std::string, std::string>{"mutex_count", "mutex"},
                                      {"block_count", "block"},
                                      {"anything", "contention"},
                                      {"", "contention"}}) {
    PprofOptions options;
    options.types["contentions"] = {.display_name = display};
    ASSERT_TRUE(Decode(profile, options).ok());
    EXPECT_THAT(RowsOf(samples_),
                UnorderedElementsAre(Pair(name + ":contentions:count::{} 100 main@main.c", 5)));
  }
}

TEST_F(PprofDecoderTest, DeepStacksAreCutAtTheLeaf) {
  Profile profile = Small();
  const uint64_t leaf = AddLocation(&profile, {AddFunction(&profile, "leaf", "")});
  std::vector<uint64_t> deep(5 * kMaxFrames, leaf);
  deep.back() = 1;
  AddSample(&profile, deep, {1});
  ASSERT_TRUE(Decode(profile).ok());
  ASSERT_EQ(samples_.size(), 1u);
  const std::string folded = interner_.Folded(samples_[0].stack);
  EXPECT_TRUE(folded.starts_with("main@main.c;leaf;"));
  EXPECT_EQ(std::count(folded.begin(), folded.end(), ';'), kMaxFrames - 1);
}

TEST_F(PprofDecoderTest, InlinedFramesDoNotUnfoldWithoutEnd) {
  Profile profile = Small();
  const uint64_t wide = AddLocation(
      &profile, std::vector<uint64_t>(kMaxFrames, AddFunction(&profile, "inlined", "")));
  for (int i = 0; i < 1000; ++i) AddSample(&profile, {wide}, {1});
  ASSERT_TRUE(Decode(profile).ok());
  EXPECT_GT(ReasonCount(Reject::kUnfoldsTooFar), 900u);
  EXPECT_GT(samples_.size(), 10u);
}

TEST_F(PprofDecoderTest, BytesThatAreNoProfile) {
  const std::string good = Small().SerializeAsString();
  for (const std::string& bytes :
       {std::string(), std::string("main;a 1\n"), std::string(100, '\xff'), good + "\x0a",
        std::string("\x0a\x02\x08\x01")}) {
    EXPECT_EQ(Decode(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(stream_->counts(), LineCounts());
  std::string unpacked;
  EXPECT_FALSE(UnpackProfile("\x1f\x8b broken", &unpacked).ok());
  EXPECT_FALSE(UnpackProfile(std::string(kMaxProfileBytes + 1, 'x'), &unpacked).ok());
}

// What the decoder should do, written down the plain way: from protoc's messages, with maps.
class PprofOracle {
 public:
  explicit PprofOracle(const Profile& profile) : profile_(profile) {
    for (const auto& function : profile.function()) functions_.emplace(function.id(), &function);
    for (const auto& location : profile.location()) locations_.emplace(location.id(), &location);
  }

  std::map<std::string, uint64_t> Rows() const {
    std::map<std::string, uint64_t> rows;
    for (const auto& sample : profile_.sample()) {
      if (sample.value_size() != profile_.sample_type_size()) continue;
      const std::string stack = StackOf(sample);
      std::string labels;
      bool broken = stack == "?";
      for (const auto& label : sample.label()) {
        if (!Has(label.key()) || !Has(label.str())) broken = true;
        if (broken || TextAt(label.key()) != "service.name" || !labels.empty()) continue;
        if (!TextAt(label.str()).empty()) labels = "service_name=" + TextAt(label.str());
      }
      if (broken || stack.empty()) continue;
      for (int i = 0; i < sample.value_size(); ++i) {
        if (sample.value(i) <= 0) continue;
        const auto& type = profile_.sample_type(i);
        rows["p:" + TextAt(type.type()) + ":" + TextAt(type.unit()) + "::{" + labels + "} 5 " +
             stack] += static_cast<uint64_t>(sample.value(i));
      }
    }
    return rows;
  }

 private:
  bool Has(int64_t index) const { return index >= 0 && index < profile_.string_table_size(); }
  std::string TextAt(int64_t index) const { return profile_.string_table(static_cast<int>(index)); }

  // "?" where a reference leads nowhere.
  std::string StackOf(const perftools::profiles::Sample& sample) const {
    std::string stack;
    for (int i = sample.location_id_size(); i-- > 0;) {
      const auto location = locations_.find(sample.location_id(i));
      if (location == locations_.end() || location->first == 0) return "?";
      const auto& lines = location->second->line();
      if (lines.empty()) stack += fmt::format(";unknown+0x{:x}", location->second->address());
      for (int j = lines.size(); j-- > 0;) {
        const auto function = functions_.find(lines[j].function_id());
        if (function == functions_.end() || function->first == 0) return "?";
        if (!Has(function->second->name()) || !Has(function->second->filename())) return "?";
        const std::string name = TextAt(function->second->name());
        const std::string file = TextAt(function->second->filename());
        if (!name.empty()) stack += ";" + name + (file.empty() ? "" : "@" + file);
      }
    }
    return stack.empty() ? stack : stack.substr(1);
  }

  const Profile& profile_;
  std::map<uint64_t, const perftools::profiles::Function*> functions_;
  std::map<uint64_t, const perftools::profiles::Location*> locations_;
};

TEST_F(PprofDecoderTest, AgreesWithAPlainReading) {
  std::mt19937_64 random(1);
  const auto one_of = [&](uint64_t n) { return random() % n; };
  for (int round = 0; round < 300; ++round) {
    Profile profile;
    profile.add_string_table("");
    for (const char* text : {"a", "b", "c", "d", "service.name", "x"}) {
      profile.add_string_table(text);
    }
    // Ids in order, or any.
    const bool any_ids = one_of(2) == 0;
    const auto id_of = [&](int i) {
      return any_ids ? one_of(12) * 1'000'000'007 : static_cast<uint64_t>(i) + 1;
    };
    const uint64_t types = 1 + one_of(3);
    for (uint64_t i = 0; i < types; ++i) {
      auto* type = profile.add_sample_type();
      type->set_type(static_cast<int64_t>(i + 1));
      type->set_unit(2);
    }
    for (int i = 0; i < 8; ++i) {
      auto* function = profile.add_function();
      function->set_id(id_of(i));
      function->set_name(static_cast<int64_t>(one_of(5) + (one_of(20) == 0 ? 100 : 0)));
      function->set_filename(static_cast<int64_t>(one_of(5)));
      auto* location = profile.add_location();
      location->set_id(id_of(i));
      location->set_address(one_of(3));
      for (uint64_t j = one_of(3); j > 0; --j) {
        location->add_line()->set_function_id(id_of(static_cast<int>(one_of(8))));
      }
    }
    for (uint64_t i = one_of(20); i > 0; --i) {
      auto* sample = profile.add_sample();
      for (uint64_t j = one_of(6); j > 0; --j) {
        sample->add_location_id(id_of(static_cast<int>(one_of(9))));
      }
      for (uint64_t j = 0; j < types + (one_of(15) == 0 ? 1 : 0); ++j) {
        sample->add_value(static_cast<int64_t>(one_of(6)) - 1);
      }
      for (uint64_t j = one_of(3); j > 0; --j) {
        auto* label = sample->add_label();
        label->set_key(static_cast<int64_t>(one_of(7)));
        label->set_str(static_cast<int64_t>(one_of(7) + (one_of(20) == 0 ? 100 : 0)));
      }
    }
    ASSERT_TRUE(Decode(profile, {.name = "p", .minute = 5}).ok());
    ASSERT_EQ(RowsOf(samples_), PprofOracle(profile).Rows()) << profile.DebugString();
  }
  EXPECT_EQ(stream_->counts().lines, stream_->counts().samples + stream_->counts().rejected);
}

}  // namespace
}  // namespace flamekeep::ingest
