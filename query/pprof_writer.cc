// The messages of proto/compat/pprof.proto, written field by field: so that no more than one
// sample is held at a time.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/proto_append.h"
#include "base/status.h"
#include "query/checked_sort.h"
#include "query/encoders.h"
#include "query/graph_frames.h"
#include "query/gzip_pieces.h"
#include "storage/profile_type.h"

namespace flamekeep::query {
namespace {

// Fields of Profile.
constexpr int kSampleType = 1;
constexpr int kSample = 2;
constexpr int kMapping = 3;
constexpr int kLocation = 4;
constexpr int kFunction = 5;
constexpr int kStringTable = 6;
constexpr int kTimeNanos = 9;
constexpr int kDurationNanos = 10;
constexpr int kPeriodType = 11;
constexpr int kComment = 13;
constexpr int kDefaultSampleType = 14;

// The one mapping that all locations are in: it says that nothing is left to be looked up.
constexpr uint64_t kMappingId = 1;

uint64_t PprofValue(uint64_t value) {
  return std::min<uint64_t>(value, std::numeric_limits<int64_t>::max());
}

class PprofWriter {
 public:
  PprofWriter(const FlameGraph& graph, const GraphFrames& frames, const Context& context,
              WritePiece write)
      : graph_(graph), frames_(frames), gzip_(context, write), context_(context) {}

  absl::Status Write(std::string_view comment) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type,
                               storage::ParseProfileType(graph_.coverage.profile_type));
    const std::array<std::string_view, kFirstName> first = {
        "", type.type, type.unit, type.period_type, type.period_unit, comment};
    WriteTypes(!type.period_type.empty());
    FLAMEKEEP_RETURN_IF_ERROR(WriteSamples());
    FLAMEKEEP_RETURN_IF_ERROR(WriteFrames());
    for (const std::string_view text : first) FLAMEKEEP_RETURN_IF_ERROR(WriteString(text));
    for (const std::string& name : graph_.names) FLAMEKEEP_RETURN_IF_ERROR(WriteString(name));
    for (const std::string& file : graph_.files) FLAMEKEEP_RETURN_IF_ERROR(WriteString(file));
    FLAMEKEEP_RETURN_IF_ERROR(gzip_.Write(out_));
    return gzip_.Finish();
  }

 private:
  // Entries of the string table.
  enum : uint64_t { kTypeName = 1, kUnitName, kPeriodName, kPeriodUnit, kCommentText, kFirstName };
  static constexpr size_t kWriteBytes = size_t{64} << 10;

  absl::Status MayWrite() {
    if (out_.size() < kWriteBytes) return absl::OkStatus();
    FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
    FLAMEKEEP_RETURN_IF_ERROR(gzip_.Write(out_));
    out_.clear();
    return absl::OkStatus();
  }

  void WriteTypes(bool has_period) {
    const auto value_type = [&](int field, uint64_t type, uint64_t unit) {
      message_.clear();
      AppendNumber(1, type, &message_);
      AppendNumber(2, unit, &message_);
      AppendBytes(field, message_, &out_);
    };
    value_type(kSampleType, kTypeName, kUnitName);
    if (has_period) value_type(kPeriodType, kPeriodName, kPeriodUnit);
    const TimeRange& covered = graph_.coverage.covered;
    AppendNumber(kTimeNanos, static_cast<uint64_t>(absl::ToUnixNanos(covered.begin)), &out_);
    AppendNumber(kDurationNanos,
                 static_cast<uint64_t>(absl::ToInt64Nanoseconds(covered.end - covered.begin)),
                 &out_);
    AppendNumber(kComment, kCommentText, &out_);
    AppendNumber(kDefaultSampleType, kTypeName, &out_);
    message_.clear();
    AppendNumber(1, kMappingId, &message_);
    for (const int has : {7, 8}) AppendNumber(has, 1, &message_);  // functions, file names
    AppendBytes(kMapping, message_, &out_);
  }

  // A sample for each box in which stacks end: the boxes from the root to it are the stack.
  absl::Status WriteSamples() {
    std::vector<uint64_t> path;  // location ids, root first
    std::string ids;
    for (size_t box = 0; box < graph_.size(); ++box) {
      if (box % kItemsPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
      if (box != 0) {
        path.resize(graph_.depth[box] - 1);
        path.push_back(uint64_t{frames_.NumberOf(box)} + 1);
      }
      if (graph_.self[box] == 0) continue;
      ids.clear();
      for (size_t i = path.size(); i-- > 0;) AppendVarint(path[i], &ids);
      message_.clear();
      AppendBytes(1, ids, &message_);
      ids.clear();
      AppendVarint(PprofValue(graph_.self[box]), &ids);
      AppendBytes(2, ids, &message_);
      AppendBytes(kSample, message_, &out_);
      FLAMEKEEP_RETURN_IF_ERROR(MayWrite());
    }
    return absl::OkStatus();
  }

  // A location and a function for each frame, with the same id.
  absl::Status WriteFrames() {
    std::string line;
    for (size_t i = 0; i < frames_.size(); ++i) {
      const GraphFrames::Frame& frame = frames_.frame(i);
      const uint64_t id = i + 1;
      line.clear();
      AppendNumber(1, id, &line);
      message_.clear();
      AppendNumber(1, id, &message_);
      AppendNumber(2, kMappingId, &message_);
      AppendBytes(4, line, &message_);
      AppendBytes(kLocation, message_, &out_);
      message_.clear();
      AppendNumber(1, id, &message_);
      AppendNumber(2, kFirstName + frame.name, &message_);
      AppendNumber(3, kFirstName + frame.name, &message_);
      AppendNumber(4, kFirstName + graph_.names.size() + frame.file, &message_);
      AppendBytes(kFunction, message_, &out_);
      FLAMEKEEP_RETURN_IF_ERROR(MayWrite());
    }
    return absl::OkStatus();
  }

  absl::Status WriteString(std::string_view text) {
    AppendBytes(kStringTable, text, &out_);
    return MayWrite();
  }

  const FlameGraph& graph_;
  const GraphFrames& frames_;
  GzipPieces gzip_;
  const Context& context_;
  std::string out_;      // fields of the profile
  std::string message_;  // scratch
};

}  // namespace

absl::Status WritePprof(const FlameGraph& graph, std::string_view comment, const Context& context,
                        WritePiece write) {
  const uint64_t held = MemoryBytes(graph) + GzipPieces::kMemoryBytes;
  FLAMEKEEP_ASSIGN_OR_RETURN(const GraphFrames frames, GraphFrames::Make(graph, context, held));
  return PprofWriter(graph, frames, context, write).Write(comment);
}

}  // namespace flamekeep::query
