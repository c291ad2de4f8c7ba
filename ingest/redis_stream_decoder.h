// The entries of a stream -> samples.
//
// An entry has the fields
//
//   stack   the folded line (several, if it holds newlines), as a channel's message
//   type    optional: its profile type, or a name that `profile_types` maps; else the stream's
//   labels  optional: "name=value,name=value"; labels that the rules find win
//
// and its id is its time. Other fields are passed over. What can not be taken in is counted by
// reason (reject.h).
//
// Thread safety: none. Ownership: the pipeline outlives the decoder.
#ifndef FLAMEKEEP_INGEST_REDIS_STREAM_DECODER_H_
#define FLAMEKEEP_INGEST_REDIS_STREAM_DECODER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/string_hash.h"
#include "ingest/line_stream.h"
#include "ingest/pipeline.h"
#include "ingest/redis_stream_client.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class RedisStreamDecoder final : public RedisStreamEntries {
 public:
  // `stream` names the counters, and the profile type of entries without one. Errors:
  // INVALID_ARGUMENT where it can not name a type, FAILED_PRECONDITION where the site has too many.
  static absl::StatusOr<std::unique_ptr<RedisStreamDecoder>> Make(Pipeline* pipeline,
                                                                  Relabel relabel,
                                                                  const std::string& site,
                                                                  const std::string& stream);

  // Leaves entries of these profile types (five parts) out where they are late for the time, Unix
  // milliseconds: before it the types are final.
  void SetFinal(std::map<std::string, int64_t> final_ms) { final_ms_ = std::move(final_ms); }
  // Begins a look: samples and counts of the one before are forgotten. Entries that are late for
  // `complete_ms` are only counted.
  void Begin(int64_t complete_ms);
  // False once the look has given so much that the rest is better left to the next one.
  bool OnEntry(const RedisStreamEntry& entry) override;
  // Decodes what is left. Errors: as LineStream::DecodeFolded(); the samples are then not whole.
  // FAILED_PRECONDITION also where the first entry of the look needs a salt that may still come:
  // all servers are to give it the same labels.
  absl::Status Finish();

  const std::vector<storage::Sample>& samples() const { return samples_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t late() const { return late_; }
  // From the first to behind the last entry, Unix milliseconds, of runs of entries that lack a
  // label for want of a salt; nothing where there are none.
  std::optional<std::pair<int64_t, int64_t>> unhashed() const { return unhashed_; }
  const std::string& profile_type() const { return profile_type_; }  // five parts

 private:
  struct KnownType {
    TypeHandle handle{};
    int64_t final_ms = 0;
  };
  struct LabelledLines {
    std::unique_ptr<LineStream> lines;
    absl::flat_hash_map<std::string, KnownType, StringHash, std::equal_to<>> types;
  };
  // What the lines in `text_` have in common.
  struct Group {
    LineStream* lines = nullptr;
    TypeHandle type{};
    storage::Minute minute = 0;

    bool operator==(const Group&) const = default;
  };

  RedisStreamDecoder(Pipeline* pipeline, Relabel relabel, const std::string& site,
                     const std::string& stream)
      : pipeline_(pipeline),
        relabel_(std::move(relabel)),
        site_(site),
        stream_(stream),
        rejected_(pipeline->metrics(), site, stream) {}

  // Errors: INVALID_ARGUMENT for labels outside their rules.
  absl::StatusOr<LabelledLines*> LinesOf(std::string_view labels);
  Reject GroupOf(const RedisStreamEntry& entry, Group* group, int64_t* final_ms);
  // Whether an entry of that time is to wait for its salt.
  bool Waits(storage::Minute minute);
  void DecodeText();

  Pipeline* const pipeline_;
  const Relabel relabel_;
  const std::string site_;
  const std::string stream_;
  std::string profile_type_;
  RejectCounters rejected_;
  // By the text of the labels as sent.
  absl::flat_hash_map<std::string, std::unique_ptr<LabelledLines>, StringHash, std::equal_to<>>
      lines_;

  std::map<std::string, int64_t> final_ms_;  // by type
  int64_t complete_ms_ = 0;
  Group group_;
  std::string text_;                     // lines that are not decoded yet
  std::pair<int64_t, int64_t> text_ms_;  // from their first to behind their last entry
  std::optional<std::pair<int64_t, int64_t>> unhashed_;
  std::optional<SaltPeriod> period_;  // whose salt is there, or never will be
  bool waits_ = false;                // the look ended at an entry that waits for its salt
  uint64_t taken_ = 0;                // entries of the look before it
  absl::Status status_;
  std::vector<storage::Sample> samples_;
  uint64_t bytes_ = 0;
  uint64_t late_ = 0;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_REDIS_STREAM_DECODER_H_
