// From lines to samples. One Pipeline serves all sources of a server; each source (a Redis channel,
// a pushing client) decodes through a LineStream of its own.
//
//   StoreInterner interner(&store);
//   auto pipeline = Pipeline::Make(&interner, {.rules = rules, .metrics = &metrics});
//   auto stream = (*pipeline)->NewStream({.site = "eqiad", .source = "excimer"});
//   auto type = stream->Type("excimer");
//   storage::Batch batch{.source = id};
//   status = stream->DecodeFolded(lines, *type, minute, &batch.samples);
//
// What keeps it fast: the stack part of a line is hashed once (XXH3-128) and looked up in a bounded
// cache that knows the stack's id and labels; only a stack that is not there is split into frames,
// each of which is looked up in a second cache before the rules see it.
//
// Thread safety: Pipeline, all methods. A LineStream belongs to one thread at a time; several work
// at once on the caches of their pipeline without waiting for each other. Ownership: the interner
// and the metrics outlive the pipeline, the pipeline its streams.
#ifndef FLAMEKEEP_INGEST_PIPELINE_H_
#define FLAMEKEEP_INGEST_PIPELINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "base/string_hash.h"
#include "ingest/interner.h"
#include "ingest/reject.h"
#include "ingest/rules.h"
#include "ingest/series_cap.h"
#include "ingest/stack_decoder.h"
#include "storage/bucket.h"
#include "storage/ids.h"
#include "storage/profile_type.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::ingest {

// Channels to profile types (bare or five parts). One that is not there is its own bare type.
using ChannelTypes = std::map<std::string, std::string, std::less<>>;

struct PipelineOptions {
  Rules rules;
  ChannelTypes profile_types;
  Metrics* metrics = nullptr;  // required
  // Beyond it samples are kept without labels, and counted.
  uint32_t max_series_per_site = 10'000;
  CacheSizes caches;
};

// What became of some lines.
struct LineCounts {
  uint64_t lines = 0;     // not empty
  uint64_t samples = 0;   // taken in
  uint64_t rejected = 0;  // counted by reason in the metrics
};

struct StreamOptions {
  std::string site;
  std::string source;            // names the counters: a channel, or "push", "import"
  storage::Labels extra_labels;  // of every sample; labels that the rules find win
};

class LineStream;

class Pipeline {
 public:
  // Both pointers are not owned. Errors: INVALID_ARGUMENT for a profile type that does not parse.
  static absl::StatusOr<std::unique_ptr<Pipeline>> Make(Interner* interner,
                                                        PipelineOptions options);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  std::unique_ptr<LineStream> NewStream(StreamOptions options);

  const Rules& rules() const;
  Metrics* metrics() const;
  // The profile type of a channel. Errors: INVALID_ARGUMENT where its name is no profile type.
  absl::StatusOr<storage::ProfileType> TypeOf(std::string_view channel) const;

 private:
  friend class LineStream;
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A profile type within one stream.
enum class TypeHandle : uint32_t {};

class LineStream {
 public:
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  // The handle of a profile type. Errors: RESOURCE_EXHAUSTED where the site has too many.
  absl::StatusOr<TypeHandle> Type(const storage::ProfileType& type);

  // Appends the samples of folded lines, which are all of one type and time. Lines that can not be
  // taken in are counted. Errors (the rest of the lines is then not decoded): RESOURCE_EXHAUSTED
  // where the store can hold no more ids.
  absl::Status DecodeFolded(std::string_view lines, TypeHandle type, storage::Minute minute,
                            std::vector<storage::Sample>* samples);
  // Appends the samples of lines with their own times and channels.
  absl::Status DecodeTimed(std::string_view lines, std::vector<storage::Sample>* samples);

  // A message that never became a line here (too long to be buffered).
  void CountRejected(Reject reject);

  // Of this stream so far.
  const LineCounts& counts() const;

 private:
  friend class Pipeline;
  struct Impl;
  explicit LineStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PIPELINE_H_
