#include "ingest/foreign_push.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "compat/otlp_profiles.pb.h"
#include "compat/pprof.pb.h"
#include "compat/pyroscope_push.pb.h"
#include "ingest/push_testing.h"

namespace flamekeep::ingest {
namespace {

namespace otlp = ::opentelemetry::proto::collector::profiles::v1development;

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

uint64_t Nanos(absl::Time time) { return static_cast<uint64_t>(absl::ToUnixNanos(time)); }

class ForeignPushTest : public PushTest {
 protected:
  // Function "main" and "leaf" (inlined into "caller") of main.c; stack 1 is main, 2 is all of
  // them.
  static otlp::ExportProfilesServiceRequest Request() {
    otlp::ExportProfilesServiceRequest request;
    otlp::ProfilesDictionary& dictionary = *request.mutable_dictionary();
    for (const char* text : {"", "samples", "count", "cpu", "nanoseconds", "main", "caller", "leaf",
                             "main.c", "service.version", "thread.name"}) {
      dictionary.add_string_table(text);
    }
    dictionary.add_mapping_table();
    dictionary.add_location_table();
    dictionary.add_function_table();
    dictionary.add_attribute_table();
    dictionary.add_stack_table();
    for (const int name : {5, 6, 7}) {
      auto* function = dictionary.add_function_table();
      function->set_name_strindex(name);
      function->set_filename_strindex(8);
    }
    dictionary.add_location_table()->add_lines()->set_function_index(1);
    auto* inlined = dictionary.add_location_table();
    inlined->add_lines()->set_function_index(3);
    inlined->add_lines()->set_function_index(2);
    dictionary.add_stack_table()->add_location_indices(1);
    auto* stack = dictionary.add_stack_table();
    stack->add_location_indices(2);
    stack->add_location_indices(1);
    auto* version = dictionary.add_attribute_table();
    version->set_key_strindex(9);
    version->mutable_value()->set_int_value(12);
    auto* thread = dictionary.add_attribute_table();
    thread->set_key_strindex(10);
    thread->mutable_value()->set_string_value("worker-7");
    return request;
  }
  static otlp::Profile* AddProfile(otlp::ExportProfilesServiceRequest* request,
                                   const std::string& service, const std::string& id) {
    auto* resource = request->add_resource_profiles();
    auto* attribute = resource->mutable_resource()->add_attributes();
    attribute->set_key("service.name");
    attribute->mutable_value()->set_string_value(service);
    otlp::Profile* profile = resource->add_scope_profiles()->add_profiles();
    profile->mutable_sample_type()->set_type_strindex(1);
    profile->mutable_sample_type()->set_unit_strindex(2);
    profile->mutable_period_type()->set_type_strindex(3);
    profile->mutable_period_type()->set_unit_strindex(4);
    profile->set_time_unix_nano(Nanos(kDay + absl::Hours(47)));
    profile->set_profile_id(id);
    return profile;
  }
  absl::StatusOr<ForeignResult> Push(const otlp::ExportProfilesServiceRequest& request) {
    return PushOtlp(hub_.get(), options_, request.SerializeAsString());
  }
  storage::StackValues SumOf(const std::string& type, absl::Time begin = kDay,
                             absl::Time end = kDay + absl::Hours(48)) {
    EXPECT_TRUE(store_->Flush().ok());
    std::vector<storage::SeriesId> series;
    const std::vector<storage::SeriesKey> all = store_->Series();
    for (uint32_t i = 1; i < all.size(); ++i) {
      if (all[i].profile_type == type) series.push_back(storage::SeriesId{i});
    }
    return store_.SumOf(std::move(series), begin, end);
  }

  ForeignOptions options_;
};

constexpr char kCpuSamples[] = "process_cpu:samples:count:cpu:nanoseconds";

TEST_F(ForeignPushTest, OtlpStacksValuesAndTimes) {
  auto request = Request();
  otlp::Profile* profile = AddProfile(&request, "web", "");
  auto* sample = profile->add_samples();  // all of the profile's time
  sample->set_stack_index(1);
  sample->add_values(5);
  sample = profile->add_samples();  // each time stamp counts 1
  sample->set_stack_index(2);
  for (const int second : {1, 2, 61}) {
    sample->add_timestamps_unix_nano(Nanos(kDay + absl::Hours(47) + absl::Seconds(second)));
  }
  sample = profile->add_samples();  // or has its value
  sample->set_stack_index(1);
  for (const int second : {121, 122}) {
    sample->add_timestamps_unix_nano(Nanos(kDay + absl::Hours(47) + absl::Seconds(second)));
    sample->add_values(100);
  }
  sample->add_attribute_indices(1);
  sample->add_attribute_indices(2);
  const auto result = Push(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rejected_profiles, 0u);
  EXPECT_EQ(result->counts.rejected, 0u);
  EXPECT_THAT(SumOf(kCpuSamples),
              UnorderedElementsAre(Pair("main", 205), Pair("main;caller;leaf", 3)));
  EXPECT_THAT(SumOf(kCpuSamples, kDay + absl::Hours(47) + absl::Minutes(1),
                    kDay + absl::Hours(47) + absl::Minutes(2)),
              UnorderedElementsAre(Pair("main;caller;leaf", 1)));
  std::set<storage::Labels> labels;
  for (const storage::SeriesKey& series : store_->Series()) labels.insert(series.labels);
  EXPECT_TRUE(labels.contains({{"service_name", "web"}}));
  EXPECT_TRUE(labels.contains({{"service_name", "web"}, {"service_version", "12"}}));
}

TEST_F(ForeignPushTest, OtlpRetryCountsOnce) {
  auto request = Request();
  for (const char* id : {"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"}) {
    auto* sample = AddProfile(&request, "web", id)->add_samples();
    sample->set_stack_index(1);
    sample->add_values(1);
  }
  ASSERT_TRUE(Push(request).ok());
  const auto again = Push(request);
  EXPECT_EQ(again->duplicates, 2u);
  EXPECT_EQ(again->counts.samples, 0u);
  EXPECT_THAT(SumOf(kCpuSamples), UnorderedElementsAre(Pair("main", 2)));
}

TEST_F(ForeignPushTest, OtlpOldSendersAreTold) {
  auto request = Request();
  // Field 2 was `values`, 3 `attribute_indices`, then 4 `link_index`.
  otlp::Profile* profile = AddProfile(&request, "old", "");
  auto* sample = profile->add_samples();
  sample->set_stack_index(1);
  sample->add_attribute_indices(100);
  otlp::Profile* good = AddProfile(&request, "new", "");
  good->add_samples()->set_stack_index(1);
  good->mutable_samples(0)->add_values(7);
  const auto result = Push(request);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rejected_profiles, 1u);
  EXPECT_EQ(result->profiles, 2u);
  EXPECT_THAT(RejectedText(*result, bounds_), HasSubstr("v1.9.0"));
  EXPECT_THAT(SumOf(kCpuSamples), UnorderedElementsAre(Pair("main", 7)));
}

TEST_F(ForeignPushTest, OtlpWhatCanNotBeTakenIsCounted) {
  auto request = Request();
  otlp::Profile* profile = AddProfile(&request, "web", "");
  const auto add = [profile](int stack, const std::vector<int64_t>& values, int stamps) {
    auto* sample = profile->add_samples();
    sample->set_stack_index(stack);
    for (const int64_t value : values) sample->add_values(value);
    for (; stamps > 0; --stamps) sample->add_timestamps_unix_nano(Nanos(kDay + absl::Hours(40)));
  };
  add(1, {3}, 0);
  add(99, {3}, 0);
  add(-1, {3}, 0);
  add(0, {3}, 0);  // the stack that stands for none
  add(1, {-3}, 0);
  add(1, {1, 2}, 3);
  add(1, {}, 0);
  profile->add_samples()->set_stack_index(1);
  auto* late = profile->add_samples();
  late->set_stack_index(1);
  late->add_timestamps_unix_nano(Nanos(kDay - absl::Hours(24 * 30)));
  const auto result = Push(request);
  ASSERT_TRUE(result.ok()) << result.status();
  const auto count = [&](Reject reject) {
    return result->counts.reasons[static_cast<size_t>(reject)];
  };
  EXPECT_EQ(count(Reject::kBadReference), 2u);
  EXPECT_EQ(count(Reject::kNoFrames), 1u);
  EXPECT_EQ(count(Reject::kNegativeValue), 1u);
  EXPECT_EQ(count(Reject::kBadValues), 3u);
  EXPECT_EQ(count(Reject::kTooLate), 1u);
  EXPECT_THAT(RejectedText(*result, bounds_), HasSubstr("3 samples: "));
  EXPECT_THAT(SumOf(kCpuSamples), UnorderedElementsAre(Pair("main", 3)));
}

TEST_F(ForeignPushTest, OtlpAttributesInTheStringTable) {
  auto request = Request();
  otlp::Profile* profile = AddProfile(&request, "web", "");
  profile->add_samples()->set_stack_index(1);
  profile->mutable_samples(0)->add_values(1);
  auto* texts = request.mutable_dictionary()->mutable_string_table();
  texts->Add("service.version");
  texts->Add("12");
  auto* attribute = request.mutable_resource_profiles(0)->mutable_resource()->add_attributes();
  attribute->set_key_strindex(texts->size() - 2);
  attribute->mutable_value()->set_string_value_strindex(texts->size() - 1);
  // References that lead nowhere are no labels.
  attribute = request.mutable_resource_profiles(0)->mutable_resource()->add_attributes();
  attribute->set_key_strindex(texts->size());
  attribute->mutable_value()->set_string_value_strindex(-1);
  ASSERT_TRUE(Push(request).ok());
  EXPECT_EQ(store_->Series().back().labels,
            (storage::Labels{{"service_name", "web"}, {"service_version", "12"}}));
}

TEST_F(ForeignPushTest, OtlpSiteFromAnAttribute) {
  options_.site_label = "cloud.region";
  auto request = Request();
  otlp::Profile* profile = AddProfile(&request, "web", "");
  auto* site = request.mutable_resource_profiles(0)->mutable_resource()->add_attributes();
  site->set_key("cloud.region");
  site->mutable_value()->set_string_value("codfw");
  profile->add_samples()->set_stack_index(1);
  profile->mutable_samples(0)->add_values(1);
  ASSERT_TRUE(Push(request).ok());
  EXPECT_THAT(store_->Sites(), ::testing::ElementsAre("codfw"));
  site->mutable_value()->set_string_value("no site");
  EXPECT_EQ(Push(request)->rejected_profiles, 1u);
}

TEST_F(ForeignPushTest, AnyBytesAreAnError) {
  const std::string good = Request().SerializeAsString();
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = good;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    (void)PushOtlp(hub_.get(), options_, damaged);
    (void)PushPyroscope(hub_.get(), options_, damaged);
  }
  EXPECT_EQ(PushOtlp(hub_.get(), options_, "\xff\xff").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PushPyroscope(hub_.get(), options_, "\xff\xff").status().code(),
            absl::StatusCode::kInvalidArgument);
}

std::string CpuPprof(int64_t value) {
  perftools::profiles::Profile profile;
  for (const char* text : {"", "cpu", "nanoseconds", "main"}) profile.add_string_table(text);
  profile.add_sample_type()->set_type(1);
  profile.mutable_sample_type(0)->set_unit(2);
  profile.set_time_nanos(absl::ToUnixNanos(kDay + absl::Hours(47)));
  profile.add_function()->set_id(1);
  profile.mutable_function(0)->set_name(3);
  profile.add_location()->set_id(1);
  profile.mutable_location(0)->add_line()->set_function_id(1);
  profile.add_sample()->add_location_id(1);
  profile.mutable_sample(0)->add_value(value);
  return profile.SerializeAsString();
}

TEST_F(ForeignPushTest, PyroscopeSeriesAndRetries) {
  ::push::v1::PushRequest request;
  auto* series = request.add_series();
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"__name__", "process_cpu"},
                                                        {"service_name", "web"},
                                                        {"pod", "web-12345"},
                                                        {"site", "codfw"}}) {
    auto* label = series->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  series->add_samples()->set_raw_profile(CpuPprof(10));
  series->mutable_samples(0)->set_id("0192-uuid");
  series->add_samples()->set_raw_profile("no profile");
  series->add_samples()->set_raw_profile(CpuPprof(5));
  const std::string bytes = request.SerializeAsString();
  auto result = PushPyroscope(hub_.get(), options_, bytes);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->profiles, 3u);
  EXPECT_EQ(result->rejected_profiles, 1u);
  EXPECT_THAT(RejectedText(*result, bounds_), HasSubstr("no pprof profile"));
  ASSERT_TRUE(store_->WaitDurable(*result->ticket).ok());
  EXPECT_THAT(SumOf("process_cpu:cpu:nanoseconds::"), UnorderedElementsAre(Pair("main", 15)));
  ASSERT_EQ(store_->Series().size(), 2u);
  EXPECT_EQ(store_->Series()[1].site, "codfw");
  EXPECT_EQ(store_->Series()[1].labels, (storage::Labels{{"service_name", "web"}}));
  // The one with an id counts once, also after a restart.
  Restart();
  result = PushPyroscope(hub_.get(), options_, bytes);
  EXPECT_EQ(result->duplicates, 1u);
  EXPECT_THAT(SumOf("process_cpu:cpu:nanoseconds::"), UnorderedElementsAre(Pair("main", 20)));
}

// A profile that came too late is not taken for a retry once the bounds are wider.
TEST_F(ForeignPushTest, WhatWasRejectedMayBeSentAgain) {
  const auto count = [](const ForeignResult& result, Reject reason) {
    return result.counts.reasons[static_cast<size_t>(reason)];
  };
  auto request = Request();
  otlp::Profile* profile = AddProfile(&request, "web", "0123456789abcdef");
  profile->set_time_unix_nano(Nanos(kDay - absl::Hours(24 * 365)));
  profile->add_samples()->set_stack_index(1);
  profile->mutable_samples(0)->add_values(3);
  for (int i = 0; i < 2; ++i) {
    const auto result = Push(request);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->duplicates, 0u);
    EXPECT_EQ(count(*result, Reject::kTooLate), 1u);
  }
}

TEST_F(ForeignPushTest, PyroscopeTimesOfProfilesThatHaveNone) {
  perftools::profiles::Profile profile;
  ASSERT_TRUE(profile.ParseFromString(CpuPprof(10)));
  const absl::Time begin = kDay + absl::Hours(20);
  const auto push = [&](int64_t time_nanos) {
    profile.set_time_nanos(time_nanos);
    ::push::v1::PushRequest request;
    auto* sample = request.add_series()->add_samples();
    sample->set_raw_profile(profile.SerializeAsString());
    sample->set_begin_nanos(Nanos(begin));
    sample->set_end_nanos(Nanos(begin + absl::Seconds(10)));
    const auto result = PushPyroscope(hub_.get(), options_, request.SerializeAsString());
    EXPECT_TRUE(result.ok() && result->counts.samples == 1) << result.status();
  };
  const std::string type = "process_cpu:cpu:nanoseconds::";
  push(0);
  EXPECT_THAT(SumOf(type, begin, begin + absl::Minutes(1)), UnorderedElementsAre(Pair("main", 10)));
  push(absl::ToUnixMicros(begin));  // microseconds, as old clients write: 1970
  EXPECT_THAT(SumOf(type, begin, begin + absl::Minutes(1)), UnorderedElementsAre(Pair("main", 20)));
  push(Nanos(begin + absl::Hours(1)));  // its own counts
  EXPECT_THAT(SumOf(type, begin, begin + absl::Minutes(1)), UnorderedElementsAre(Pair("main", 20)));
  EXPECT_THAT(SumOf(type), UnorderedElementsAre(Pair("main", 30)));
}

TEST_F(ForeignPushTest, PyroscopeValuesThatOnlyGrow) {
  ::push::v1::PushRequest request;
  auto* sample = request.add_series()->add_samples();
  auto* name = request.mutable_series(0)->add_labels();
  name->set_name("__name__");
  name->set_value("memory");
  auto* rule = sample->add_type_rules();
  rule->set_sample_type("cpu");
  rule->set_cumulative(true);
  sample->set_raw_profile(CpuPprof(10));
  auto result = PushPyroscope(hub_.get(), options_, request.SerializeAsString());
  EXPECT_EQ(result->counts.reasons[static_cast<size_t>(Reject::kNoPrevious)], 1u);
  sample->set_previous_profile(CpuPprof(7));
  result = PushPyroscope(hub_.get(), options_, request.SerializeAsString());
  EXPECT_EQ(result->counts.rejected, 0u);
  EXPECT_THAT(SumOf("memory:cpu:nanoseconds::"), UnorderedElementsAre(Pair("main", 3)));
  sample->set_previous_profile(CpuPprof(70));  // started again
  ASSERT_TRUE(PushPyroscope(hub_.get(), options_, request.SerializeAsString()).ok());
  EXPECT_THAT(SumOf("memory:cpu:nanoseconds::"), UnorderedElementsAre(Pair("main", 3)));
}

}  // namespace
}  // namespace flamekeep::ingest
