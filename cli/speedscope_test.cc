#include "cli/speedscope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace flamekeep::cli {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::map<std::string, uint64_t> ReadAll(const std::string& json, absl::Status* status = nullptr) {
  std::map<std::string, uint64_t> rows;
  const absl::Status read =
      ReadSpeedscope(json, [&](const ingest::ProfileKind& kind,
                               const std::vector<ingest::FileFrame>& frames, uint64_t value) {
        std::string row = std::string(kind.type) + ":" + std::string(kind.unit) + " ";
        for (const auto& [function, file] : frames) {
          if (row.back() != ' ') row += ';';
          row.append(function);
          if (!file.empty()) row.append("@").append(file);
        }
        rows[row] += value;
        return absl::OkStatus();
      });
  if (status != nullptr) *status = read;
  return rows;
}

std::string Seed(const std::string& name) {
  std::ifstream file("tests/corpus/speedscope/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Speedscope, SampledAndEvented) {
  EXPECT_THAT(ReadAll(Seed("sampled")),
              UnorderedElementsAre(Pair("time:nanoseconds main@a.c", 1'000'000),
                                   Pair("time:nanoseconds main@a.c;b", 2'000'000)));
  EXPECT_THAT(ReadAll(Seed("evented")),
              UnorderedElementsAre(Pair("time:nanoseconds main", 1'500'000'000),
                                   Pair("time:nanoseconds main;b", 1'500'000'000)));
}

TEST(Speedscope, WhatIsWrongIsTold) {
  for (const char* json : {
           "",
           "[]",
           "{}",
           R"({"profiles": [{}]})",
           R"({"profiles": [{"type": "sampled", "unit": "parsecs"}]})",
           R"({"profiles": [{"type": "sampled", "samples": [[0]], "weights": [1]}]})",
           R"({"shared": {"frames": [{"name": "a"}]},
               "profiles": [{"type": "sampled", "samples": [[0]], "weights": []}]})",
           R"({"shared": {"frames": [{"name": "a"}]},
               "profiles": [{"type": "sampled", "samples": [["x"]], "weights": [1]}]})",
       }) {
    absl::Status status;
    EXPECT_TRUE(ReadAll(json, &status).empty()) << json;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
  }
  // What stands before the error is read: as of a file of lines.
  absl::Status status;
  ReadAll(R"({"shared": {"frames": [{"name": "a"}, {"name": "b"}]}, "profiles": [{"type": "evented",
               "events": [{"type": "O", "frame": 0, "at": 1}, {"type": "C", "frame": 1, "at": 2}]}]})",
          &status);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flamekeep::cli
