#include "ingest/otlp_decoder.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "ingest/folded.h"
#include "ingest/otlp_stamps.h"
#include "ingest/profile_name.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {
namespace {

using FrameHandle = ProfileStream::FrameHandle;

// Fields of Profile.
constexpr uint32_t kOtlpSampleType = 1;
constexpr uint32_t kOtlpSamples = 2;
constexpr uint32_t kOtlpTime = 3;
constexpr uint32_t kOtlpDuration = 4;
constexpr uint32_t kOtlpPeriodType = 5;
constexpr uint32_t kOtlpAttributes = 11;

absl::Status NoOtlpProfile() {
  return InvalidArgument("a profile of the request is damaged: its bytes are no message");
}

absl::Status OldSender() {
  return InvalidArgument(
      "the profile is in the form of OpenTelemetry's profiles up to v1.9.0, whose samples had "
      "other "
      "field numbers: update the profiler or collector to v1.10.0 or later");
}

absl::Time TimeOfStamp(uint64_t unix_nano) {
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return absl::FromUnixNanos(static_cast<int64_t>(std::min(unix_nano, kMax)));
}

class OtlpDecoder {
 public:
  OtlpDecoder(const OtlpTables& tables, std::string_view profile, OtlpBudget* budget,
              ProfileStream* stream, std::vector<storage::Sample>* samples)
      : tables_(tables),
        profile_(profile),
        budget_(*budget),
        stream_(*stream),
        samples_(*samples) {}

  absl::StatusOr<storage::Level> Decode() {
    FLAMEKEEP_RETURN_IF_ERROR(ReadHead());
    stream_.Begin(&samples_);
    bool all_stamped = true;
    ProtoReader reader(profile_);
    while (reader.Next()) {
      if (reader.field() == kOtlpAttributes) {
        if (!ForEachNumber(reader, [this](uint64_t i) { AddAttribute(i, &profile_labels_); })) {
          return NoOtlpProfile();
        }
      }
    }
    for (reader = ProtoReader(profile_); reader.Next();) {
      if (reader.field() != kOtlpSamples) continue;
      FLAMEKEEP_RETURN_IF_ERROR(DecodeSample(reader.bytes()));
      all_stamped &= !stamps_.empty();
    }
    stream_.End(profile_.size());
    return all_stamped ? storage::Level::kMinute : LevelOf(duration_);
  }

 private:
  // The frames of a location, root first; nothing where it is broken.
  using Frames = std::optional<std::vector<FrameHandle>>;

  absl::Status ReadHead();
  absl::StatusOr<storage::ProfileType> ReadTypes(std::string_view sample_type,
                                                 std::string_view period_type) const;
  absl::Status DecodeSample(std::string_view message);
  absl::StatusOr<Reject> ReadSample(std::string_view message);
  Reject FindStack();
  Reject AddLocation(uint64_t index);
  const Frames& FramesOf(uint64_t index);
  Frames ReadLines(const OtlpTables::Location& location);
  bool AddAttribute(uint64_t index, RelabelledLabels* labels);
  absl::Status AddStamped();
  absl::Status Add(std::pair<storage::Minute, Reject> when, uint64_t value, uint32_t observations);

  const OtlpTables& tables_;
  const std::string_view profile_;
  OtlpBudget& budget_;
  ProfileStream& stream_;
  std::vector<storage::Sample>& samples_;

  TypeHandle type_{};
  Reject type_refusal_ = Reject::kNone;
  absl::Duration duration_;
  std::pair<storage::Minute, Reject> when_;  // of samples without a time stamp
  RelabelledLabels profile_labels_;

  absl::flat_hash_map<uint64_t, std::optional<FrameHandle>> functions_;
  absl::flat_hash_map<uint64_t, Frames> locations_;
  std::deque<std::string> address_names_;

  // Of the sample that is decoded.
  uint64_t stack_index_ = 0;
  std::vector<int64_t> values_;
  std::vector<uint64_t> stamps_;
  RelabelledLabels labels_;
  std::vector<uint64_t> location_ids_;  // leaf first
  std::vector<FrameHandle> stack_;
  bool cut_ = false;
  bool stack_set_ = false;  // for some time
};

absl::StatusOr<storage::ProfileType> OtlpDecoder::ReadTypes(std::string_view sample_type,
                                                            std::string_view period_type) const {
  ProfileKind kind;
  const auto read = [this](std::string_view message, std::string_view* type,
                           std::string_view* unit) {
    ProtoReader reader(message);
    uint64_t type_index = 0;
    uint64_t unit_index = 0;
    while (reader.Next()) {
      if (reader.field() == 1) type_index = reader.number();
      if (reader.field() == 2) unit_index = reader.number();
    }
    // Without a dictionary index 0 still stands for none.
    const auto type_text = type_index == 0 ? std::string_view() : tables_.String(type_index);
    const auto unit_text = unit_index == 0 ? std::string_view() : tables_.String(unit_index);
    if (reader.broken() || !type_text || !unit_text) return false;
    *type = *type_text;
    *unit = *unit_text;
    return true;
  };
  if (!read(sample_type, &kind.type, &kind.unit) ||
      !read(period_type, &kind.period_type, &kind.period_unit)) {
    return InvalidArgument(
        "the type of a profile refers to texts that are not in the dictionary: is it sent with the "
        "request?");
  }
  return TypeOfProfile("", kind);
}

absl::Status OtlpDecoder::ReadHead() {
  std::string_view sample_type;
  std::string_view period_type;
  uint64_t time = 0;
  uint64_t duration = 0;
  ProtoReader reader(profile_);
  while (reader.Next()) {
    switch (reader.field()) {
      case kOtlpSampleType:
        sample_type = reader.bytes();
        break;
      case kOtlpPeriodType:
        period_type = reader.bytes();
        break;
      case kOtlpTime:
        time = reader.number();
        break;
      case kOtlpDuration:
        duration = reader.number();
        break;
      default:
        break;
    }
  }
  if (reader.broken()) return NoOtlpProfile();
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type, ReadTypes(sample_type, period_type));
  const absl::StatusOr<TypeHandle> handle = stream_.Type(type);
  if (handle.ok()) type_ = *handle;
  if (!handle.ok()) type_refusal_ = Reject::kTooManyTypes;
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  duration_ = absl::Nanoseconds(static_cast<int64_t>(std::min(duration, kMax)));
  const absl::Time begin = time == 0 ? stream_.now() : TimeOfStamp(time);
  when_ = stream_.MinuteOf(begin, begin + duration_);
  return absl::OkStatus();
}

bool OtlpDecoder::AddAttribute(uint64_t index, RelabelledLabels* labels) {
  const auto message = tables_.At(OtlpTable::kAttribute, index);
  if (!message) return false;
  ProtoReader reader(*message);
  uint64_t key = 0;
  std::string_view value;
  while (reader.Next()) {
    if (reader.field() == 1) key = reader.number();
    if (reader.field() == 2) value = reader.bytes();
  }
  const auto name = tables_.String(key);
  if (reader.broken() || !name) return false;
  if (!stream_.Keeps(*name)) {
    stream_.KeepLabel(*name, "", labels);
  } else if (const auto text = tables_.LabelValue(value)) {
    stream_.KeepLabel(*name, *text, labels);
  }
  return true;
}

absl::StatusOr<Reject> OtlpDecoder::ReadSample(std::string_view message) {
  stack_index_ = 0;
  values_.clear();
  stamps_.clear();
  labels_.clear();
  bool whole = true;
  bool attributes_there = true;
  bool has_old_field = false;
  ProtoReader reader(message);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        stack_index_ = reader.number();
        break;
      case 2:
        whole &= ForEachNumber(reader, [&](uint64_t index) {
          if (!AddAttribute(index, &labels_)) attributes_there = false;
        });
        break;
      case 3:
        has_old_field |= reader.is_bytes();  // attributes then, a single link since
        break;
      case 4:
        whole &= ForEachNumber(
            reader, [this](uint64_t value) { values_.push_back(static_cast<int64_t>(value)); });
        break;
      case 5:
        whole &= ForEachTimeStamp(reader, [this](uint64_t stamp) { stamps_.push_back(stamp); });
        break;
      default:
        break;
    }
  }
  if (has_old_field || (values_.empty() && !attributes_there)) return OldSender();
  if (reader.broken() || !whole || !attributes_there) return Reject::kBadReference;
  if (values_.empty() && stamps_.empty()) return Reject::kBadValues;
  if (!values_.empty() && !stamps_.empty() && values_.size() != stamps_.size()) {
    return Reject::kBadValues;
  }
  labels_.AddBehind(profile_labels_);
  return Reject::kNone;
}

OtlpDecoder::Frames OtlpDecoder::ReadLines(const OtlpTables::Location& location) {
  std::vector<FrameHandle> frames;
  ProtoReader reader(location.message);
  while (reader.Next()) {
    if (reader.field() != 3) continue;
    // Each profile of a request reads them anew.
    if (budget_.frames == 0) return std::nullopt;
    --budget_.frames;
    ProtoReader line(reader.bytes());
    uint64_t index = 0;
    while (line.Next()) {
      if (line.field() == 1) index = line.number();
    }
    const auto [known, added] = functions_.try_emplace(index);
    if (added) {
      if (const auto function = tables_.FunctionAt(index)) {
        known->second = stream_.AddFrame(function->name, function->file);
      }
    }
    if (line.broken() || !known->second) return std::nullopt;
    frames.push_back(*known->second);
  }
  if (frames.empty()) {
    const MappedFile file = tables_.MappingAt(location.mapping).value_or(MappedFile());
    address_names_.push_back(AddressFrame(location.address, file));
    frames.push_back(stream_.AddFrame(address_names_.back(), file.file));
  }
  std::reverse(frames.begin(), frames.end());
  return frames;
}

const OtlpDecoder::Frames& OtlpDecoder::FramesOf(uint64_t index) {
  const auto [known, added] = locations_.try_emplace(index);
  if (!added) return known->second;
  const auto location = tables_.LocationAt(index);
  Frames frames;
  if (location) frames = ReadLines(*location);
  return known->second = std::move(frames);
}

Reject OtlpDecoder::AddLocation(uint64_t index) {
  const Frames& frames = FramesOf(index);
  if (!frames) return Reject::kBadReference;
  const size_t taken = std::min(frames->size(), kMaxFrames - stack_.size());
  cut_ |= taken < frames->size();
  stack_.insert(stack_.end(), frames->begin(),
                frames->begin() + static_cast<std::ptrdiff_t>(taken));
  return Reject::kNone;
}

Reject OtlpDecoder::FindStack() {
  if (budget_.frames == 0) return Reject::kUnfoldsTooFar;
  stack_.clear();
  location_ids_.clear();
  cut_ = false;
  const auto message = tables_.At(OtlpTable::kStack, stack_index_);
  if (!message) return Reject::kBadReference;
  bool whole = true;
  uint64_t ids = 0;
  ProtoReader reader(*message);
  while (reader.Next()) {
    if (reader.field() != 1) continue;
    whole &= ForEachNumber(reader, [&](uint64_t index) {
      ++ids;
      location_ids_.push_back(index);
      if (location_ids_.size() < 2 * kMaxFrames) return;
      location_ids_.erase(location_ids_.begin(), location_ids_.end() - kMaxFrames);
      cut_ = true;
    });
  }
  budget_.frames -= std::min(budget_.frames, ids);
  if (reader.broken() || !whole) return Reject::kBadReference;
  for (size_t i = location_ids_.size(); i-- > 0;) {
    if (stack_.size() == kMaxFrames) {
      cut_ = true;
      break;
    }
    if (const Reject reject = AddLocation(location_ids_[i]); reject != Reject::kNone) return reject;
  }
  budget_.frames -= std::min<uint64_t>(budget_.frames, stack_.size());
  return Reject::kNone;
}

absl::Status OtlpDecoder::Add(std::pair<storage::Minute, Reject> when, uint64_t value,
                              uint32_t observations) {
  Reject refusal = type_refusal_ != Reject::kNone ? type_refusal_ : when.second;
  if (budget_.samples == 0) refusal = Reject::kUnfoldsTooFar;
  if (refusal != Reject::kNone) {
    stream_.Refuse(refusal);
    return absl::OkStatus();
  }
  --budget_.samples;
  // Names come into the store only for what is taken in.
  if (!stack_set_ || !stream_.Fits(when.first)) {
    FLAMEKEEP_RETURN_IF_ERROR(stream_.SetStack(stack_, cut_, labels_, when.first));
    stack_set_ = true;
  }
  return stream_.Add(
      {.type = type_, .minute = when.first, .value = value, .observations = observations});
}

// One sample for each run of time stamps in one minute.
absl::Status OtlpDecoder::AddStamped() {
  for (size_t i = 0; i < stamps_.size();) {
    const absl::Time time = TimeOfStamp(stamps_[i]);
    const auto when = stream_.MinuteOf(time, time);
    uint64_t value = 0;
    uint32_t observations = 0;
    for (; i < stamps_.size(); ++i) {
      const absl::Time next = TimeOfStamp(stamps_[i]);
      if (stream_.MinuteOf(next, next) != when) break;
      const int64_t one = values_.empty() ? 1 : values_[i];
      if (one < 0) {
        stream_.Refuse(Reject::kNegativeValue);
      } else if (one > 0) {
        const uint64_t room = std::numeric_limits<uint64_t>::max() - value;
        value += std::min(room, static_cast<uint64_t>(one));
        ++observations;
      }
    }
    if (value > 0) FLAMEKEEP_RETURN_IF_ERROR(Add(when, value, observations));
  }
  return absl::OkStatus();
}

absl::Status OtlpDecoder::DecodeSample(std::string_view message) {
  FLAMEKEEP_ASSIGN_OR_RETURN(Reject reject, ReadSample(message));
  if (reject == Reject::kNone) reject = FindStack();
  if (reject != Reject::kNone) {
    stream_.Refuse(reject);
    return absl::OkStatus();
  }
  stack_set_ = false;
  if (!stamps_.empty()) return AddStamped();
  for (const int64_t value : values_) {
    if (value == 0) continue;
    if (value < 0) {
      stream_.Refuse(Reject::kNegativeValue);
      continue;
    }
    FLAMEKEEP_RETURN_IF_ERROR(Add(when_, static_cast<uint64_t>(value), 1));
  }
  return absl::OkStatus();
}

}  // namespace

OtlpBudget OtlpBudget::For(size_t request_bytes) {
  constexpr uint64_t kPerByte = 4;
  constexpr uint64_t kFree = 65'536;
  constexpr uint64_t kMaxSamples = uint64_t{4} << 20;
  return {.frames = request_bytes * kPerByte + kFree, .samples = kMaxSamples};
}

absl::StatusOr<storage::Level> DecodeOtlpProfile(const OtlpTables& tables, std::string_view profile,
                                                 OtlpBudget* budget, ProfileStream* stream,
                                                 std::vector<storage::Sample>* samples) {
  return OtlpDecoder(tables, profile, budget, stream, samples).Decode();
}

}  // namespace flamekeep::ingest
