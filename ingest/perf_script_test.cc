#include "ingest/perf_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/folded.h"

namespace flamekeep::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "event: function@file;function"
std::vector<std::string> ReadPerfText(std::string_view text, uint64_t* passed_over = nullptr) {
  std::vector<std::string> samples;
  const auto use = [&](std::string_view event, const std::vector<FileFrame>& frames) {
    std::string stack;
    for (const auto& [function, file] : frames) {
      if (!stack.empty()) stack += ';';
      stack.append(function);
      if (!file.empty()) stack.append("@").append(file);
    }
    samples.push_back(std::string(event) + ": " + stack);
  };
  PerfScriptReader reader;
  std::string_view line;
  while (NextLine(&text, &line)) reader.Line(line, use);
  reader.End(use);
  if (passed_over != nullptr) *passed_over = reader.passed_over();
  return samples;
}

TEST(PerfScriptTest, WhatPerfPrints) {
  EXPECT_THAT(
      ReadPerfText("# ========\n"
                   "# captured on: today\n"
                   "swapper     0 [000] 12345.678901:     250000 cpu-clock:pppH: \n"
                   "\tffffffff81c01234 native_safe_halt+0x4 ([kernel.kallsyms])\n"
                   "\tffffffff81c01000 default_idle+0x10 ([kernel.kallsyms])\n"
                   "\n"
                   "Web Content  1234/1240 12345.678902: cycles:\n"
                   "\t    7f2a3c0a1b2c std::map<int, (anonymous namespace)::T>::at(int) const+0x1c "
                   "(/usr/lib/libfoo.so)\n"
                   "\t    7f2a3c0a1b2d [unknown] (/usr/lib/libbar.so)\n"
                   "\t               0 [unknown] ([unknown])\n"),
      ElementsAre("cpu-clock: swapper;default_idle@[kernel.kallsyms];native_safe_halt@"
                  "[kernel.kallsyms]",
                  "cycles: Web Content;unknown+0x0;libbar.so+0x7f2a3c0a1b2d@/usr/lib/libbar.so;"
                  "std::map<int, (anonymous namespace)::T>::at(int) const@/usr/lib/libfoo.so"));
}

TEST(PerfScriptTest, TracePointsAndSamplesWithoutStacks) {
  EXPECT_THAT(ReadPerfText("bash 77 [001] 5.000001: syscalls:sys_enter_write: fd: 0x1\n"
                           "bash 77 [001] 5.000002: sched:sched_switch: prev\n"
                           "\tab f (x)\n"),
              ElementsAre("syscalls:sys_enter_write: bash", "sched:sched_switch: bash;f@x"));
}

// `perf record` without -g.
TEST(PerfScriptTest, SamplesWithoutCallChains) {
  uint64_t passed_over = 0;
  EXPECT_THAT(
      ReadPerfText("go 14929 11424.190745:     200040 cpu-clock:  ffffffff8158c221 "
                   "next_uptodate_folio+0xc1 ([kernel.kallsyms])\n"
                   "go 14929 [001] 11424.190746: cycles:P:     7f2a3c0a1b2d [unknown] (/lib/x.so)\n"
                   "go 14929 11424.190747: cycles: no address\n",
                   &passed_over),
      ElementsAre("cpu-clock: go;next_uptodate_folio@[kernel.kallsyms]",
                  "cycles: go;x.so+0x7f2a3c0a1b2d@/lib/x.so", "cycles: go"));
  EXPECT_EQ(passed_over, 1u);
}

TEST(PerfScriptTest, WhatIsNoSampleIsCounted) {
  uint64_t passed_over = 0;
  EXPECT_THAT(ReadPerfText("hello\n\tab f (x)\nmain;a 1\n\n \nbash x 5.1: cycles:\n", &passed_over),
              IsEmpty());
  EXPECT_EQ(passed_over, 4u);
  EXPECT_THAT(ReadPerfText("bash 1 5.1: cycles:\n\tno hex\n\tzz f\n", &passed_over),
              ElementsAre("cycles: bash"));
  EXPECT_EQ(passed_over, 2u);
}

}  // namespace
}  // namespace flamekeep::ingest
