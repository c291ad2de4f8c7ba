// One source's lines -> samples. See pipeline.h.
//
// Thread safety and ownership: those of SampleStream.
#ifndef FLAMEKEEP_INGEST_LINE_STREAM_H_
#define FLAMEKEEP_INGEST_LINE_STREAM_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/metrics.h"
#include "base/string_hash.h"
#include "ingest/hash_cache.h"
#include "ingest/reject.h"
#include "ingest/sample_stream.h"
#include "storage/bucket.h"
#include "storage/store.h"

namespace flamekeep::ingest {

class LineStream : public SampleStream {
 public:
  // Appends the samples of folded lines, which are all of one type and time. Lines that can not be
  // taken in are counted. Errors (the rest of the lines is then not decoded, and `counts` stay as
  // they were): FAILED_PRECONDITION where the store can hold no more ids; INVALID_ARGUMENT for a
  // site or an extra label outside its rules.
  // With `refusal`, none of the lines is taken in, for that reason.
  absl::Status DecodeFolded(std::string_view lines, TypeHandle type, storage::Minute minute,
                            std::vector<storage::Sample>* samples, Reject refusal = Reject::kNone);
  // Appends the samples of lines with their own times and channels. Times before 1970 or over
  // kMaxAhead in the future are out of range, others may be too late or too early.
  absl::Status DecodeTimed(std::string_view lines, std::vector<storage::Sample>* samples);

 private:
  friend class Pipeline;

  // A line between its two steps.
  struct Pending {
    std::string_view stack;
    HashCache::Key key;
    uint64_t count;
    TypeHandle type;
    storage::Minute minute;
  };

  LineStream(Pipeline* pipeline, StreamOptions options);

  template <typename Parse>
  absl::Status DecodeLines(std::string_view lines, std::vector<storage::Sample>* samples,
                           Parse parse);
  absl::Status Finish(const Pending& pending, std::vector<storage::Sample>* samples);
  Reject FindChannel(std::string_view channel, TypeHandle* type);

  absl::flat_hash_map<std::string, TypeHandle, StringHash, std::equal_to<>> channels_;
  // The channel of the line before: most often that of the next one.
  std::string last_channel_;
  std::optional<TypeHandle> last_type_;
  Counter& empty_lines_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_LINE_STREAM_H_
