#include "cli/explain_text.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/time_parse.h"
#include "cli/level_text.h"
#include "cli/progress.h"
#include "cli/selection.h"
#include "cli/table.h"

namespace flamekeep::cli {
namespace {

using Explained = v1::ExplainResponse;

constexpr size_t kWide = 110;  // columns of a terminal that all of the table fits

std::string_view WhyText(Explained::Reason reason) {
  switch (reason) {
    case Explained::REASON_LARGEST:
      return "largest that fit";
    case Explained::REASON_NOT_OVER:
      return "above not over";
    case Explained::REASON_STALE:
      return "above is stale";
    case Explained::REASON_DIRECT_PART:
      return "known no finer";
    default:
      return "newer than this program";
  }
}

std::string MinuteText(const google::protobuf::Timestamp& time) {
  return TimeText(absl::FromUnixSeconds(time.seconds()));
}

// A narrow one leaves out what the others tell, or what is told of all together.
std::string Pieces(const Explained& explanation, bool narrow) {
  Table table(narrow ? std::vector<std::string>{"site", "level", ">buckets", "from", ">columns",
                                                ">bytes", "why"}
                     : std::vector<std::string>{"site", "level", ">buckets", "from", "to",
                                                ">columns", ">bytes", ">pairs", "why"});
  for (const Explained::Piece& piece : explanation.pieces()) {
    const bool counted = explanation.counted();
    std::vector<std::string> row = {piece.site(), LevelText(piece.level()),
                                    CountText(piece.buckets()), MinuteText(piece.range().begin())};
    if (!narrow) row.push_back(MinuteText(piece.range().end()));
    row.push_back(counted ? CountText(piece.columns()) : "?");
    row.push_back(RoundedBytesText(piece.bytes()));
    if (!narrow) row.push_back(counted ? CountText(piece.pairs()) : "?");
    row.emplace_back(WhyText(piece.reason()));
    table.AddRow(std::move(row));
  }
  return table.empty() ? "Nothing is read: the selector matches no series.\n" : table.Text();
}

// Of ASCII text.
std::string Cut(std::string_view line, size_t columns) {
  constexpr std::string_view kMark = "..";
  if (columns < kMark.size() || line.size() <= columns) return std::string(line);
  return std::string(line.substr(0, columns - kMark.size())) + std::string(kMark);
}

}  // namespace

std::string ExplainText(const v1::ExplainResponse& explanation, size_t columns) {
  std::string text;
  const std::vector<std::string> lines =
      absl::StrSplit(Pieces(explanation, columns != 0 && columns < kWide), '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    text += columns == 0 ? line : Cut(line, columns);
    text += '\n';
  }
  if (explanation.pieces_left_out() > 0) {
    text +=
        fmt::format("  and {} runs of buckets more\n", CountText(explanation.pieces_left_out()));
  }
  text += fmt::format("\nrange   {}{}\n", RangeText(explanation.covered()),
                      explanation.widened() ? ", widened to whole buckets" : "");
  text += explanation.counted()
              ? fmt::format("reads   {} columns of {} series, {}, {} pairs\n",
                            CountText(explanation.columns()), CountText(explanation.series()),
                            RoundedBytesText(explanation.bytes()), CountText(explanation.pairs()))
              : fmt::format("reads   up to about {} of {} series\n",
                            RoundedBytesText(explanation.bytes()), CountText(explanation.series()));
  text += fmt::format("memory  about {}\n", RoundedBytesText(explanation.memory_bytes()));
  text += explanation.time_class() == Explained::TIME_CLASS_LONG
              ? "time    long: waits for one of the threads for long queries\n"
              : "time    short\n";
  return text;
}

}  // namespace flamekeep::cli
