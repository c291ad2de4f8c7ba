#include "ingest/pprof_decoder.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "base/gzip.h"
#include "base/status.h"
#include "ingest/address_frame.h"
#include "ingest/folded.h"
#include "ingest/pprof_tables.h"
#include "ingest/profile_name.h"
#include "ingest/proto_reader.h"

namespace flamekeep::ingest {
namespace {

using FrameHandle = ProfileStream::FrameHandle;

// Frames that stacks may unfold to, for each byte of a profile: real ones have less than one.
constexpr uint64_t kFramesPerByte = 4;
constexpr uint64_t kFreeFrames = 65'536;
// Bounds the memory of what comes out.
constexpr size_t kMaxProfileSamples = size_t{4} << 20;

class PprofDecoder {
 public:
  PprofDecoder(std::string_view profile, const PprofOptions& options, ProfileStream* stream,
               std::vector<storage::Sample>* samples)
      : profile_(profile),
        options_(options),
        stream_(*stream),
        samples_(*samples),
        frames_left_(profile.size() * kFramesPerByte + kFreeFrames) {}

  absl::StatusOr<storage::Level> Decode() {
    FLAMEKEEP_ASSIGN_OR_RETURN(tables_, PprofTables::Read(profile_));
    FLAMEKEEP_RETURN_IF_ERROR(FindTime());
    FLAMEKEEP_RETURN_IF_ERROR(FindColumns());
    functions_.resize(tables_->function_count());
    locations_.resize(tables_->location_count());
    if (!options_.previous.empty()) FLAMEKEEP_RETURN_IF_ERROR(ReadPrevious());
    const size_t first = samples_.size();
    stream_.Begin(&samples_);
    FLAMEKEEP_RETURN_IF_ERROR(DecodeSamples());
    if (options_.is_previous) return level_;
    stream_.End(profile_.size());
    SubtractPrevious(first);
    return level_;
  }

 private:
  // What becomes of the values of one sample type.
  struct Column {
    bool used = true;
    Reject refusal = Reject::kNone;
    TypeHandle handle{};
  };
  // The frames of a location, root first, in location_frames_.
  struct KnownLocation {
    static constexpr uint32_t kUnknown = std::numeric_limits<uint32_t>::max();
    static constexpr uint32_t kBroken = kUnknown - 1;
    uint32_t count = kUnknown;
    uint32_t begin = 0;
  };
  struct KnownFunction {
    enum class State : uint8_t { kUnknown, kThere, kBroken } state = State::kUnknown;
    FrameHandle frame{};
  };

  // Of the profile before: what cumulative types had, by series and stack.
  using Sums = absl::flat_hash_map<std::pair<storage::SeriesId, storage::StackId>, uint64_t>;

  absl::Status ReadPrevious();
  void SubtractPrevious(size_t first);
  absl::Status DecodeSamples();
  absl::Status FindTime();
  absl::Status FindColumns();
  absl::Status DecodeSample(std::string_view message);
  Reject ReadSample(std::string_view message);
  void ReadLabel(std::string_view message);
  Reject FindStack();
  const KnownLocation& FramesOf(uint32_t index);
  bool ReadLines(std::string_view message);
  bool AddLine(std::string_view message);
  void AddAddress(const PprofTables::Location& location);
  KnownFunction FunctionOf(uint64_t id);

  const std::string_view profile_;
  const PprofOptions& options_;
  ProfileStream& stream_;
  std::vector<storage::Sample>& samples_;
  std::optional<PprofTables> tables_;

  storage::Level level_ = storage::Level::kMinute;
  storage::Minute minute_ = 0;
  Reject time_refusal_ = Reject::kNone;
  std::vector<Column> columns_;
  Sums previous_;
  std::optional<size_t> observations_;  // the column that counts observations

  std::vector<KnownFunction> functions_;  // by place in the tables
  std::vector<KnownLocation> locations_;
  std::vector<FrameHandle> location_frames_;
  std::deque<std::string> address_names_;
  uint64_t frames_left_;

  // Of the sample that is decoded.
  std::vector<uint64_t> ids_;  // leaf first
  std::vector<int64_t> values_;
  bool cut_ = false;
  bool label_broken_ = false;
  RelabelledLabels labels_;
  std::vector<FrameHandle> stack_;
};

absl::Status PprofDecoder::DecodeSamples() {
  ProtoReader reader(profile_);
  while (reader.Next()) {
    if (static_cast<PprofField>(reader.field()) != PprofField::kSample) continue;
    FLAMEKEEP_RETURN_IF_ERROR(DecodeSample(reader.bytes()));
  }
  return absl::OkStatus();
}

// Decodes the cumulative types of the profile before; it is not counted.
absl::Status PprofDecoder::ReadPrevious() {
  PprofOptions options{.name = options_.name, .minute = minute_, .is_previous = true};
  options.types = options_.types;
  std::vector<storage::Sample> samples;
  FLAMEKEEP_RETURN_IF_ERROR(DecodePprof(options_.previous, options, &stream_, &samples).status());
  for (const storage::Sample& sample : samples) {
    uint64_t& sum = previous_[{sample.series, sample.stack}];
    sum += std::min(sample.value, std::numeric_limits<uint64_t>::max() - sum);
  }
  return absl::OkStatus();
}

// Takes off the last samples what they had before. Several samples may have one stack.
void PprofDecoder::SubtractPrevious(size_t first) {
  if (previous_.empty()) return;
  for (size_t i = first; i < samples_.size(); ++i) {
    const auto before = previous_.find({samples_[i].series, samples_[i].stack});
    if (before == previous_.end()) continue;
    const uint64_t taken = std::min(samples_[i].value, before->second);
    samples_[i].value -= taken;
    before->second -= taken;
  }
  const auto nothing = [](const storage::Sample& sample) { return sample.value == 0; };
  samples_.erase(std::remove_if(samples_.begin() + static_cast<std::ptrdiff_t>(first),
                                samples_.end(), nothing),
                 samples_.end());
}

absl::Status PprofDecoder::FindTime() {
  if (options_.minute) {
    level_ = options_.resolution;
    const storage::Bucket bucket = storage::BucketAt(level_, *options_.minute);
    time_refusal_ =
        stream_.MinuteOf(storage::TimeOf(bucket.start), storage::TimeOf(bucket.end())).second;
    minute_ = *options_.minute;
    return absl::OkStatus();
  }
  absl::Time begin = stream_.now();
  absl::Duration duration;
  const absl::Time own = absl::FromUnixNanos(tables_->time_nanos());
  const bool has_own = tables_->time_nanos() != 0;
  if (options_.begin && (!has_own || absl::ToCivilYear(own, absl::UTCTimeZone()).year() == 1970)) {
    begin = *options_.begin;
    duration = options_.duration;
  } else if (has_own) {
    begin = own;
    duration = absl::Nanoseconds(std::max<int64_t>(tables_->duration_nanos(), 0));
  } else if (options_.needs_time) {
    return InvalidArgument("the profile does not say when it was made: give it a time");
  }
  level_ = LevelOf(duration);
  std::tie(minute_, time_refusal_) = stream_.MinuteOf(begin, begin + duration);
  return absl::OkStatus();
}

absl::Status PprofDecoder::FindColumns() {
  const auto& types = tables_->sample_types();
  if (options_.name.find(':') != std::string::npos && types.size() > 1) {
    return InvalidArgument(
        "the profile has {} sample types and can not be all of \"{:.200}\": give the name alone",
        types.size(), options_.name);
  }
  for (size_t i = 0; i < types.size(); ++i) {
    Column& column = columns_.emplace_back();
    ProfileKind kind{types[i].type, types[i].unit, tables_->period_type().type,
                     tables_->period_type().unit};
    if (kind.type == "samples" && kind.unit == "count") observations_ = i;
    const auto rule = options_.types.find(kind.type);
    const bool cumulative = rule != options_.types.end() && rule->second.cumulative;
    // Of the profile before only what is taken off matters.
    column.used = cumulative || !options_.is_previous;
    if (!column.used) continue;
    if (rule != options_.types.end()) kind.display_name = rule->second.display_name;
    const bool lacks_previous = cumulative && options_.previous.empty() && !options_.is_previous;
    FLAMEKEEP_ASSIGN_OR_RETURN(const storage::ProfileType type, TypeOfProfile(options_.name, kind));
    const absl::StatusOr<TypeHandle> handle = stream_.Type(type);
    column.refusal = handle.ok() ? time_refusal_ : Reject::kTooManyTypes;
    if (handle.ok()) column.handle = *handle;
    if (lacks_previous) column.refusal = Reject::kNoPrevious;
  }
  return absl::OkStatus();
}

void PprofDecoder::ReadLabel(std::string_view message) {
  ProtoReader reader(message);
  uint64_t key = 0;
  uint64_t text = 0;
  int64_t number = 0;
  while (reader.Next()) {
    if (reader.field() == 1) key = reader.number();
    if (reader.field() == 2) text = reader.number();
    if (reader.field() == 3) number = reader.signed_number();
  }
  const auto name = tables_->String(key);
  const auto value = tables_->String(text);
  if (reader.broken() || !name || !value) {
    label_broken_ = true;
  } else if (text == 0 && number != 0) {
    stream_.KeepLabel(*name, fmt::format("{}", number), &labels_);
  } else {
    stream_.KeepLabel(*name, *value, &labels_);
  }
}

Reject PprofDecoder::ReadSample(std::string_view message) {
  ids_.clear();
  values_.clear();
  labels_.clear();
  cut_ = label_broken_ = false;
  size_t values = 0;
  bool whole = true;
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 1) {
      whole &= ForEachNumber(reader, [this](uint64_t id) {
        ids_.push_back(id);
        if (ids_.size() < 2 * kMaxFrames) return;
        ids_.erase(ids_.begin(), ids_.end() - kMaxFrames);
        cut_ = true;
      });
    } else if (reader.field() == 2) {
      whole &= ForEachNumber(reader, [&](uint64_t value) {
        if (++values <= columns_.size()) values_.push_back(static_cast<int64_t>(value));
      });
    } else if (reader.field() == 3) {
      ReadLabel(reader.bytes());
    }
  }
  if (reader.broken() || !whole || label_broken_) return Reject::kBadReference;
  return values == columns_.size() ? Reject::kNone : Reject::kBadValues;
}

PprofDecoder::KnownFunction PprofDecoder::FunctionOf(uint64_t id) {
  const auto index = tables_->FunctionIndex(id);
  if (!index) return {.state = KnownFunction::State::kBroken};
  KnownFunction& known = functions_[*index];
  if (known.state != KnownFunction::State::kUnknown) return known;
  const auto function = tables_->FunctionAt(*index);
  known.state = function ? KnownFunction::State::kThere : KnownFunction::State::kBroken;
  if (function) known.frame = stream_.AddFrame(function->name, function->file);
  return known;
}

bool PprofDecoder::AddLine(std::string_view message) {
  ProtoReader reader(message);
  uint64_t function = 0;
  while (reader.Next()) {
    if (reader.field() == 1) function = reader.number();
  }
  const KnownFunction known = FunctionOf(function);
  if (reader.broken() || known.state == KnownFunction::State::kBroken) return false;
  location_frames_.push_back(known.frame);
  return true;
}

// Appends the frames of a location's lines, leaf first.
bool PprofDecoder::ReadLines(std::string_view message) {
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 4 && !AddLine(reader.bytes())) return false;
  }
  return !reader.broken();
}

void PprofDecoder::AddAddress(const PprofTables::Location& location) {
  const PprofTables::Mapping* const mapping = tables_->FindMapping(location.mapping);
  const MappedFile file = mapping == nullptr ? MappedFile() : mapping->file;
  address_names_.push_back(AddressFrame(location.address, file));
  location_frames_.push_back(stream_.AddFrame(address_names_.back(), file.file));
}

const PprofDecoder::KnownLocation& PprofDecoder::FramesOf(uint32_t index) {
  KnownLocation& known = locations_[index];
  if (known.count != KnownLocation::kUnknown) return known;
  known.begin = static_cast<uint32_t>(location_frames_.size());
  const auto location = tables_->LocationAt(index);
  if (!location || !ReadLines(location->message)) {
    location_frames_.resize(known.begin);
    known.count = KnownLocation::kBroken;
    return known;
  }
  if (location_frames_.size() == known.begin) AddAddress(*location);
  std::reverse(location_frames_.begin() + known.begin, location_frames_.end());
  known.count = static_cast<uint32_t>(location_frames_.size() - known.begin);
  return known;
}

// The sample's frames, root first, into stack_.
Reject PprofDecoder::FindStack() {
  if (frames_left_ == 0) return Reject::kUnfoldsTooFar;
  stack_.clear();
  for (size_t i = ids_.size(); i-- > 0 && stack_.size() < kMaxFrames;) {
    const auto index = tables_->LocationIndex(ids_[i]);
    if (!index) return Reject::kBadReference;
    const KnownLocation& location = FramesOf(*index);
    if (location.count == KnownLocation::kBroken) return Reject::kBadReference;
    const size_t taken = std::min<size_t>(location.count, kMaxFrames - stack_.size());
    cut_ |= taken < location.count;
    const auto begin = location_frames_.begin() + location.begin;
    stack_.insert(stack_.end(), begin, begin + static_cast<std::ptrdiff_t>(taken));
    if (stack_.size() == kMaxFrames) cut_ |= i > 0;
  }
  if (stack_.size() > frames_left_) {
    frames_left_ = 0;
    return Reject::kUnfoldsTooFar;
  }
  frames_left_ -= stack_.size();
  return Reject::kNone;
}

absl::Status PprofDecoder::DecodeSample(std::string_view message) {
  Reject reject = ReadSample(message);
  if (reject == Reject::kNone) reject = FindStack();
  if (reject != Reject::kNone) {
    stream_.Refuse(reject);
    return absl::OkStatus();
  }
  uint32_t observations = 1;
  if (observations_ && values_[*observations_] > 0) {
    observations = static_cast<uint32_t>(
        std::min<int64_t>(values_[*observations_], std::numeric_limits<uint32_t>::max()));
  }
  // Names come into the store only for what is taken in.
  bool set = false;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!columns_[i].used || values_[i] == 0) continue;
    Reject refusal = values_[i] < 0 ? Reject::kNegativeValue : columns_[i].refusal;
    if (samples_.size() >= kMaxProfileSamples) refusal = Reject::kUnfoldsTooFar;
    if (refusal != Reject::kNone) {
      stream_.Refuse(refusal);
      continue;
    }
    if (!set) FLAMEKEEP_RETURN_IF_ERROR(stream_.SetStack(stack_, cut_, labels_, minute_));
    set = true;
    FLAMEKEEP_RETURN_IF_ERROR(stream_.Add({.type = columns_[i].handle,
                                           .minute = minute_,
                                           .value = static_cast<uint64_t>(values_[i]),
                                           .observations = observations}));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string_view> UnpackProfile(std::string_view bytes, std::string* unpacked) {
  if (!LooksLikeGzip(bytes)) {
    if (bytes.size() <= kMaxProfileBytes) return bytes;
    return InvalidArgument("the profile has {} bytes: at most {} are taken", bytes.size(),
                           kMaxProfileBytes);
  }
  absl::StatusOr<std::string> plain = Gunzip(bytes, kMaxProfileBytes);
  // To send the same again is of no use.
  if (!plain.ok()) {
    return InvalidArgument("the profile can not be read: {}", Message(plain.status()));
  }
  *unpacked = *std::move(plain);
  return *unpacked;
}

absl::StatusOr<storage::Level> DecodePprof(std::string_view profile, const PprofOptions& options,
                                           ProfileStream* stream,
                                           std::vector<storage::Sample>* samples) {
  return PprofDecoder(profile, options, stream, samples).Decode();
}

}  // namespace flamekeep::ingest
