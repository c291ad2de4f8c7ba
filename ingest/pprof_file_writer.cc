#include "ingest/pprof_file_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/proto_append.h"
#include "ingest/pprof_tables.h"

namespace flamekeep::ingest {
namespace {

constexpr int Field(PprofField field) { return static_cast<int>(field); }

}  // namespace

PprofFileWriter::PprofFileWriter(const ProfileKind& kind)
    : names_{std::string(kind.type), std::string(kind.unit), std::string(kind.period_type),
             std::string(kind.period_unit)} {
  Text("");
}

uint64_t PprofFileWriter::Text(std::string_view text) {
  const auto [it, added] = texts_.try_emplace(text, texts_.size());
  if (added) AppendBytes(Field(PprofField::kStringTable), text, &text_messages_);
  return it->second;
}

// A location and a function with the same id.
uint64_t PprofFileWriter::Frame(const FileFrame& frame) {
  const auto [it, added] =
      frames_.try_emplace({Text(frame.first), Text(frame.second)}, frames_.size() + 1);
  if (!added) return it->second;
  std::string line;
  AppendNumber(1, it->second, &line);
  std::string message;
  AppendNumber(1, it->second, &message);
  AppendBytes(4, line, &message);
  AppendBytes(Field(PprofField::kLocation), message, &frame_messages_);
  message.clear();
  AppendNumber(1, it->second, &message);
  AppendNumber(2, it->first.first, &message);
  AppendNumber(4, it->first.second, &message);
  AppendBytes(Field(PprofField::kFunction), message, &frame_messages_);
  return it->second;
}

void PprofFileWriter::Add(const std::vector<FileFrame>& frames, uint64_t value) {
  constexpr size_t kBytesPerSample = 16;
  std::vector<uint64_t> stack;
  stack.reserve(frames.size());
  for (size_t i = frames.size(); i-- > 0;) stack.push_back(Frame(frames[i]));
  const size_t bytes = stack.size() * 3 + kBytesPerSample;
  const auto [it, added] = stacks_.try_emplace(std::move(stack), 0);
  if (added) stack_bytes_ += bytes;
  it->second += std::min(value, std::numeric_limits<uint64_t>::max() - it->second);
}

std::string PprofFileWriter::Take(absl::Time begin, absl::Duration duration) {
  std::string out;
  std::string message;
  const auto add_type = [&](PprofField field, std::string_view type, std::string_view unit) {
    message.clear();
    AppendNumber(1, Text(type), &message);
    AppendNumber(2, Text(unit), &message);
    AppendBytes(Field(field), message, &out);
  };
  add_type(PprofField::kSampleType, names_[0], names_[1]);
  if (!names_[2].empty()) add_type(PprofField::kPeriodType, names_[2], names_[3]);
  if (begin != absl::UnixEpoch()) {
    AppendNumber(Field(PprofField::kTimeNanos), static_cast<uint64_t>(absl::ToUnixNanos(begin)),
                 &out);
    AppendNumber(Field(PprofField::kDurationNanos),
                 static_cast<uint64_t>(absl::ToInt64Nanoseconds(duration)), &out);
  }
  std::string packed;
  for (const auto& [stack, value] : stacks_) {
    message.clear();
    packed.clear();
    for (const uint64_t id : stack) AppendVarint(id, &packed);
    AppendBytes(1, packed, &message);
    packed.clear();
    AppendVarint(std::min<uint64_t>(value, std::numeric_limits<int64_t>::max()), &packed);
    AppendBytes(2, packed, &message);
    AppendBytes(Field(PprofField::kSample), message, &out);
  }
  out += frame_messages_;
  out += text_messages_;
  texts_.clear();
  text_messages_.clear();
  frames_.clear();
  frame_messages_.clear();
  stacks_.clear();
  stack_bytes_ = 0;
  Text("");
  return out;
}

}  // namespace flamekeep::ingest
