#include "cli/speedscope.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "base/status.h"
#include "compat/speedscope.pb.h"
#include "ingest/proto_reader.h"
#include "server/http/json_codec.h"

namespace flamekeep::cli {
namespace {

using ingest::FileFrame;
using ingest::ProtoReader;

absl::Status NoSpeedscope(std::string_view why) {
  return InvalidArgument("this is no file of speedscope's: {}", why);
}

struct SpeedscopeUnit {
  std::string_view unit;
  ingest::ProfileKind kind;
  double scale;
};

constexpr SpeedscopeUnit kSpeedscopeUnits[] = {
    {"none", {"samples", "count", "", ""}, 1},
    {"bytes", {"space", "bytes", "", ""}, 1},
    {"nanoseconds", {"time", "nanoseconds", "", ""}, 1},
    {"microseconds", {"time", "nanoseconds", "", ""}, 1e3},
    {"milliseconds", {"time", "nanoseconds", "", ""}, 1e6},
    {"seconds", {"time", "nanoseconds", "", ""}, 1e9},
};

const SpeedscopeUnit* FindUnit(std::string_view name) {
  for (const SpeedscopeUnit& unit : kSpeedscopeUnits) {
    if (unit.unit == name) return &unit;
  }
  return nullptr;
}

double ToDouble(const ProtoReader& reader) { return std::bit_cast<double>(reader.number()); }

std::vector<FileFrame> ReadFrames(std::string_view shared) {
  std::vector<FileFrame> frames;
  for (ProtoReader reader(shared); reader.Next();) {
    if (reader.field() != 1) continue;
    FileFrame& frame = frames.emplace_back();
    for (ProtoReader fields(reader.bytes()); fields.Next();) {
      if (fields.field() == 1) frame.first = fields.bytes();
      if (fields.field() == 2) frame.second = fields.bytes();
    }
  }
  return frames;
}

// One profile of the file.
class SpeedscopeProfile {
 public:
  SpeedscopeProfile(const std::vector<FileFrame>& frames, UseSpeedscope use)
      : frames_(frames), use_(use) {}

  absl::Status Read(std::string_view profile) {
    std::string_view type;
    std::string_view unit = "none";
    for (ProtoReader reader(profile); reader.Next();) {
      if (reader.field() == 1) type = reader.bytes();
      if (reader.field() == 2) unit = reader.bytes();
      if (reader.field() == 4) AddWeights(reader);
    }
    unit_ = FindUnit(unit);
    if (unit_ == nullptr) return NoSpeedscope("a profile has a unit that is not known");
    if (type == "sampled") return ReadSamples(profile);
    if (type == "evented") return ReadEvents(profile);
    return NoSpeedscope("a profile is neither \"sampled\" nor \"evented\"");
  }

 private:
  // Doubles, packed or one by one.
  void AddWeights(const ProtoReader& reader) {
    if (!reader.is_bytes()) return weights_.push_back(ToDouble(reader));
    const std::string_view packed = reader.bytes();
    for (size_t i = 0; i + sizeof(double) <= packed.size(); i += sizeof(double)) {
      double weight = 0;
      std::memcpy(&weight, packed.data() + i, sizeof(weight));
      weights_.push_back(weight);
    }
  }

  bool Push(double index) {
    if (!(index >= 0) || index >= static_cast<double>(frames_.size())) return false;
    stack_.push_back(frames_[static_cast<size_t>(index)]);
    return true;
  }

  absl::Status Use(double weight) {
    const double value = std::round(weight * unit_->scale);
    if (stack_.empty() || !(value >= 1)) return absl::OkStatus();
    constexpr double kMax = 9e18;  // what a pprof profile can hold
    return use_(unit_->kind, stack_, static_cast<uint64_t>(std::min(value, kMax)));
  }

  absl::Status ReadSamples(std::string_view profile) {
    size_t sample = 0;
    for (ProtoReader reader(profile); reader.Next();) {
      if (reader.field() != 3) continue;
      if (sample >= weights_.size()) return NoSpeedscope("it has fewer weights than samples");
      stack_.clear();
      for (ProtoReader values(reader.bytes()); values.Next();) {
        ProtoReader value(values.bytes());
        if (!value.Next() || value.field() != 2 || !Push(ToDouble(value))) {
          return NoSpeedscope("a sample refers to a frame that is not there");
        }
      }
      FLAMEKEEP_RETURN_IF_ERROR(Use(weights_[sample++]));
    }
    return absl::OkStatus();
  }

  absl::Status ReadEvents(std::string_view profile) {
    std::vector<uint64_t> open;
    double before = 0;
    for (ProtoReader reader(profile); reader.Next();) {
      if (reader.field() != 5) continue;
      std::string_view type;
      uint64_t frame = 0;
      double at = 0;
      for (ProtoReader fields(reader.bytes()); fields.Next();) {
        if (fields.field() == 1) type = fields.bytes();
        if (fields.field() == 2) frame = fields.number();
        if (fields.field() == 3) at = ToDouble(fields);
      }
      if (!open.empty()) {
        if (at < before) return NoSpeedscope("its events go back in time");
        FLAMEKEEP_RETURN_IF_ERROR(Use(at - before));
      }
      before = at;
      if (type == "O") {
        if (!Push(static_cast<double>(frame))) {
          return NoSpeedscope("an event refers to a frame that is not there");
        }
        open.push_back(frame);
      } else if (type == "C" && !open.empty() && open.back() == frame) {
        open.pop_back();
        stack_.pop_back();
      } else {
        return NoSpeedscope("an event closes a frame that is not the innermost one");
      }
    }
    return absl::OkStatus();
  }

  const std::vector<FileFrame>& frames_;
  const UseSpeedscope use_;
  const SpeedscopeUnit* unit_ = nullptr;
  std::vector<double> weights_;
  std::vector<FileFrame> stack_;
};

}  // namespace

absl::Status ReadSpeedscope(std::string_view json, UseSpeedscope use) {
  const absl::StatusOr<std::string> file =
      server::JsonToProto(*speedscope::File::descriptor(), json, server::UnknownFields::kIgnore);
  if (!file.ok()) return NoSpeedscope(Message(file.status()));
  std::vector<FileFrame> frames;
  for (ProtoReader reader(*file); reader.Next();) {
    if (reader.field() == 1) frames = ReadFrames(reader.bytes());
  }
  bool has_profile = false;
  for (ProtoReader reader(*file); reader.Next();) {
    if (reader.field() != 2) continue;
    has_profile = true;
    FLAMEKEEP_RETURN_IF_ERROR(SpeedscopeProfile(frames, use).Read(reader.bytes()));
  }
  if (!has_profile) return NoSpeedscope("it has no profiles");
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
