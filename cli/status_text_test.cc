#include "cli/status_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/table.h"

namespace flamekeep::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kNow = 1795222800;

std::string Text(const std::string& status) {
  v1::StatusResponse parsed;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(status, &parsed));
  return StatusText(parsed, absl::FromUnixSeconds(kNow));
}

TEST(Table, AlignsColumns) {
  Table table({"name", ">count", "note"});
  EXPECT_TRUE(table.empty());
  table.AddRow({"a", "1", "x"});
  table.AddRow({"longer", "1,000"});
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(table.Text(),
            "  name    count  note\n"
            "  a           1  x\n"
            "  longer  1,000\n");
}

TEST(StatusText, SaysThatAllIsWell) {
  const std::string text = Text(R"pb(
    version: "0.1.0"
    node: "arclamp1001"
    started: { seconds: 1795215599 }
    counters: { name: "ingest_lines_total" severity: SEVERITY_INFO value: 5 }
    counters: { name: "ingest_rejected_total" severity: SEVERITY_LOSS value: 0 }
  )pb");
  EXPECT_THAT(text, testing::StartsWith("flamekeep 0.1.0 on arclamp1001, up 2h\n"));
  EXPECT_THAT(text, HasSubstr("Nothing was lost since the server started."));
  EXPECT_THAT(text, HasSubstr("No live sources are configured."));
  EXPECT_THAT(text, Not(HasSubstr("ingest_lines_total")));
}

TEST(StatusText, LossesStandFirst) {
  const std::string text = Text(R"pb(
    counters: {
      name: "ingest_rejected_total"
      labels: { name: "reason" value: "no_count" }
      severity: SEVERITY_LOSS
      description: "lines without a count"
      value: 1234
    }
    counters: {
      name: "redis_errors_total"
      severity: SEVERITY_ERROR
      description: "lost connections"
      value: 2
    }
    store: { directory: "/d" write_error: "no space left" }
  )pb");
  EXPECT_THAT(text,
              HasSubstr("1,234  lines without a count  reason=no_count  ingest_rejected_total"));
  EXPECT_LT(text.find("1,234"), text.find("lost connections"));
  EXPECT_LT(text.find("lost connections"), text.find("Store /d"));
  EXPECT_THAT(text, HasSubstr("IT CAN NOT BE WRITTEN: no space left"));
  EXPECT_THAT(text, Not(HasSubstr("Nothing was lost")));
}

TEST(StatusText, TellsWhatMaxBytesRemoved) {
  const std::string text = Text(R"pb(
    store: {
      directory: "/d"
      deleting: true
      cap: {
        max_bytes: 40000000000
        live_bytes: 41000000000
        leaving_bytes: 300000000
        unmet_bytes: 700000000
        removed: {
          site: "eqiad"
          level: LEVEL_MINUTE
          before: { seconds: 1795161600 }
        }
      }
    }
  )pb");
  EXPECT_THAT(text, HasSubstr("a deletion is not through yet"));
  EXPECT_THAT(text, HasSubstr("max_bytes is 40.0 GB, the store's own files have 41.0 GB, of it "
                              "about 300.0 MB to be freed"));
  EXPECT_THAT(text,
              HasSubstr("minutes of eqiad before 2026-11-20T08:00Z were removed for max_bytes"));
  EXPECT_THAT(text, HasSubstr("MAX_BYTES CAN NOT BE MET: 700.0 MB too much"));
}

TEST(StatusText, ShowsSilenceAndLostConnections) {
  const std::string text = Text(R"pb(
    sources: {
      kind: KIND_PUBSUB
      name: "excimer"
      site: "eqiad"
      address: "redis1:6379"
      configured: true
      connected: true
      since: { seconds: 1795212000 }
      last_message: { seconds: 1795222798 }
      messages: 1234567
    }
    sources: {
      kind: KIND_PUBSUB
      name: "excimer-wall"
      site: "eqiad"
      configured: true
      connected: true
      since: { seconds: 1795212000 }
      last_message: { seconds: 1795215600 }
    }
    sources: {
      kind: KIND_PUBSUB
      name: "excimer"
      site: "codfw"
      configured: true
      since: { seconds: 1795222740 }
      last_error: "connection refused"
      queued: 7
    }
    sources: { kind: KIND_STREAM name: "old" site: "codfw" }
    sources: {
      kind: KIND_STREAM
      name: "new"
      site: "codfw"
      configured: true
      connected: true
      since: { seconds: 1795212000 }
      last_message: { seconds: 1795222700 }
      queued: 4321
      position: "1795222700000-3"
      lag_seconds: 90.5
    }
  )pb");
  EXPECT_THAT(text, HasSubstr("new (stream)"));
  EXPECT_THAT(text, HasSubstr("4,321  1m 40s ago  connected for 3h, read to 1795222700000-3, "
                              "BEHIND by 1m 30s, SILENT for"));
  EXPECT_THAT(text, HasSubstr("1,234,567"));
  EXPECT_THAT(text, HasSubstr("2s ago  connected for 3h\n"));
  EXPECT_THAT(text, HasSubstr("connected for 3h, SILENT for 2h"));
  EXPECT_THAT(text, HasSubstr("NOT CONNECTED for 1m: connection refused"));
  EXPECT_THAT(text, HasSubstr("not read by this server now"));
}

TEST(StatusText, ManyImportsAreNotAllShown) {
  std::string status = "sources_left_out: 100\n";
  for (int i = 0; i < 25; ++i) {
    status += "sources { kind: KIND_IMPORT name: \"lines:" + std::to_string(i) +
              "\" site: \"eqiad\" position_number: 3 }\n";
  }
  status += "sources { kind: KIND_PUSH name: \"pusher\" site: \"eqiad\" position_number: 9 }\n";
  status += "sources { kind: KIND_IMPORT name: \"owner\" site: \"eqiad\" }\n";
  const std::string text = Text(status);
  EXPECT_THAT(text, HasSubstr("lines:9"));
  EXPECT_THAT(text, Not(HasSubstr("lines:10")));
  EXPECT_THAT(text, HasSubstr("pusher"));
  EXPECT_THAT(text, Not(HasSubstr("owner")));
  EXPECT_THAT(text, HasSubstr("and 15 more imports: see --json\n"));
  EXPECT_THAT(text, HasSubstr("and 100 more sources that the server knows and does not list\n"));
}

}  // namespace
}  // namespace flamekeep::cli
