// One source's profiles -> samples: what decoders of pprof and OpenTelemetry have in common. They
// take bytes apart and name frames, labels and values; what becomes of these is decided here, as
// for lines.
//
//   stream->Begin(&samples);
//   const FrameHandle main = stream->AddFrame("main", "main.go");      // once a profile
//   stream->KeepLabel("job", "web", &labels);                          // once a sample
//   stream->SetStack({main, ...}, /*cut=*/false, labels, minute);      // once a sample and period
//   stream->Add({.type = type, .minute = minute, .value = 1});         // for each of its values
//   stream->End(bytes);
//
// Between Begin() and End() everything counts only once End() is called.
//
// Thread safety and ownership: those of SampleStream.
#ifndef FLAMEKEEP_INGEST_PROFILE_STREAM_H_
#define FLAMEKEEP_INGEST_PROFILE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/metrics.h"
#include "ingest/relabel.h"
#include "ingest/sample_stream.h"
#include "ingest/stack_decoder.h"
#include "storage/bucket.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class ProfileStream : public SampleStream {
 public:
  using SampleStream::Weight;

  // Of one profile: Begin() makes the earlier ones void.
  enum class FrameHandle : uint32_t {};

  // `samples` is where Add() appends.
  void Begin(std::vector<storage::Sample>* samples);
  void End(uint64_t bytes);

  // The names are not copied: they live until End(). A frame without a function is left out of its
  // stacks.
  FrameHandle AddFrame(std::string_view function, std::string_view file);
  size_t frame_count() const { return frames_.size(); }

  // Adds a label that a sample brought, if it is to be kept; what no rule names is counted.
  void KeepLabel(std::string_view name, std::string_view value, RelabelledLabels* labels);
  // Whether a label of this name may be kept; saves who would have to make its value.
  bool Keeps(std::string_view name) const { return options_.relabel.Keeps(name); }

  // The stack of the samples that follow, root first, at most kMaxFrames (`cut`: it was deeper),
  // and the labels that they brought. It is good for the minute, and for others that fit. Errors:
  // FAILED_PRECONDITION where the store can hold no more ids.
  absl::Status SetStack(absl::Span<const FrameHandle> root_first, bool cut,
                        const RelabelledLabels& labels, storage::Minute minute);
  // Whether what is set is good for samples of the minute: labels that are hashed change with the
  // time.
  bool Fits(storage::Minute minute) const { return Holds(minute); }
  // Takes one value of a sample in. REQUIRES: what is set fits. Errors: those of
  // SampleStream::AddSample().
  absl::Status Add(const Weight& weight);
  // Counts a value that is no sample.
  void Refuse(Reject reject, uint64_t n = 1) {
    received_ += n;
    AddReject(reject, n);
  }

  // The minute of samples that lie somewhere in [begin, end), and why they are not taken in: their
  // time can not be stored, or is out of the bounds.
  std::pair<storage::Minute, Reject> MinuteOf(absl::Time begin, absl::Time end) const;
  absl::Time now() const;

 private:
  friend class Pipeline;

  ProfileStream(Pipeline* pipeline, StreamOptions options);

  // Labels of the rules and of the sample together; the rules win.
  LabelSetId Join(LabelSetId found, LabelSetId brought, uint8_t* flags);

  std::vector<NamedFrame> frames_;  // by handle
  std::vector<storage::Sample>* samples_ = nullptr;
  uint64_t received_ = 0;
  uint64_t labels_not_named_ = 0;
  uint64_t labels_too_long_ = 0;
  DecodedStack stack_;
  std::vector<HashCache::Key> keys_;      // scratch
  std::vector<NamedFrame> stack_frames_;  // scratch
  absl::flat_hash_map<std::pair<LabelSetId, LabelSetId>, std::pair<LabelSetId, uint8_t>> joined_;

  Counter& not_named_;
  Counter& too_long_;
};

// The finest level at which the time of something that took so long is known: a profile of a
// minute, and a little more, is of its minute.
storage::Level LevelOf(absl::Duration duration);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PROFILE_STREAM_H_
