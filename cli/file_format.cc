#include "cli/file_format.h"

#include <algorithm>

#include "ingest/perf_script.h"
#include "ingest/proto_reader.h"

namespace flamekeep::cli {
namespace {

constexpr std::string_view kPerfMagic = "PERFILE2";

bool IsTimedFolded(std::string_view line) {
  constexpr size_t kMaxTimeDigits = 20;
  const size_t time_end = line.find('\t');
  if (time_end == 0 || time_end == std::string_view::npos || time_end > kMaxTimeDigits) {
    return false;
  }
  const std::string_view time = line.substr(0, time_end);
  const bool is_number =
      std::all_of(time.begin(), time.end(), [](char c) { return c >= '0' && c <= '9'; });
  const size_t channel_end = line.find('\t', time_end + 1);
  const bool has_channel = channel_end != std::string_view::npos && channel_end > time_end + 1;
  return is_number && has_channel;
}

// Whether a profile has such a field: messages and texts below 7, the type of the period and
// comments, else numbers.
bool IsProfileField(uint32_t field, bool is_bytes) {
  constexpr uint32_t kLastMessage = 6;
  constexpr uint32_t kPeriodType = 11;
  constexpr uint32_t kComment = 13;
  constexpr uint32_t kLast = 15;
  if (field == kComment) return true;
  return field <= kLast && is_bytes == (field <= kLastMessage || field == kPeriodType);
}

// Several fields in a row that a profile may have, with lengths that fit and a message among them,
// are no accident. Go writes the time first, others a sample type.
bool IsPprof(std::string_view head) {
  constexpr int kEnough = 4;
  constexpr uint32_t kSampleType = 1;
  int fields = 0;
  bool has_type = false;
  ingest::ProtoReader reader(head);
  while ((fields < kEnough || !has_type) && reader.Next()) {
    if (!IsProfileField(reader.field(), reader.is_bytes())) return false;
    has_type |= reader.field() == kSampleType;
    ++fields;
  }
  // The head may end in the middle of a message.
  return has_type && (fields >= kEnough || !reader.broken());
}

bool IsJson(std::string_view head) {
  const size_t begin = head.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && head[begin] == '{' &&
         (head.find("speedscope") != std::string_view::npos ||
          head.find("\"shared\"") != std::string_view::npos ||
          head.find("\"profiles\"") != std::string_view::npos);
}

}  // namespace

std::string_view FirstLine(std::string_view head) { return head.substr(0, head.find('\n')); }

FileFormat FormatOf(std::string_view head) {
  if (head.starts_with(kPerfMagic)) return FileFormat::kPerfData;
  if (IsJson(head)) return FileFormat::kSpeedscope;
  const std::string_view text = head.substr(std::min(head.find_first_not_of("\r\n"), head.size()));
  if (IsTimedFolded(FirstLine(text))) return FileFormat::kTimedFolded;
  if (ingest::LooksLikePerfScript(head)) return FileFormat::kPerfScript;
  if (IsPprof(head)) return FileFormat::kPprof;
  return FileFormat::kFolded;
}

}  // namespace flamekeep::cli
