// From lines, and from profiles, to samples. One Pipeline serves all sources of a server; each
// source (a Redis channel, a pushing client) decodes through a stream of its own.
//
//   StoreInterner interner(&store);
//   auto pipeline = Pipeline::Make(&interner, {.rules = rules, .metrics = &metrics});
//   auto stream = (*pipeline)->NewStream({.site = "eqiad", .source = "excimer"});
//   auto type = stream->Type(*(*pipeline)->TypeOf("excimer"));
//   storage::Batch batch{.source = id};
//   status = stream->DecodeFolded(lines, *type, minute, &batch.samples);
//
// What keeps it fast: the stack part of a line is hashed once (XXH3-128) and looked up in a bounded
// cache that knows the stack's id and labels; only a stack that is not there is split into frames,
// each of which is looked up in a second cache before the rules see it.
//
// Thread safety: all methods. Ownership: the interner, the salts and the metrics outlive the
// pipeline.
#ifndef FLAMEKEEP_INGEST_PIPELINE_H_
#define FLAMEKEEP_INGEST_PIPELINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/interner.h"
#include "ingest/label_salts.h"
#include "ingest/line_stream.h"
#include "ingest/profile_stream.h"
#include "ingest/relabel.h"
#include "ingest/rules.h"
#include "ingest/series_cap.h"
#include "ingest/stack_decoder.h"
#include "storage/profile_type.h"

namespace flamekeep::ingest {

// Channels to profile types (bare or five parts). One that is not there is its own bare type.
using ChannelTypes = std::map<std::string, std::string, std::less<>>;

struct PipelineOptions {
  Rules rules;
  ChannelTypes profile_types;
  // Of what is pushed and imported; other sources have their own.
  Relabel push_relabel = Relabel::Make(DefaultProfileRules()).value();
  LabelSalts* salts =
      nullptr;  // without them labels that are to be hashed are left out, and counted
  Metrics* metrics = nullptr;  // required
  SeriesLimits limits;
  std::map<std::string, SeriesLimits, std::less<>>
      site_limits;  // of sites with limits of their own
  CacheSizes caches;
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

class Pipeline {
 public:
  // Errors: INVALID_ARGUMENT for a profile type that does not parse.
  static absl::StatusOr<std::unique_ptr<Pipeline>> Make(Interner* interner,
                                                        PipelineOptions options);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  std::unique_ptr<LineStream> NewStream(StreamOptions options);
  std::unique_ptr<ProfileStream> NewProfileStream(StreamOptions options);

  const Rules& rules() const { return decoder_.rules(); }
  // Of everything that decides what a line becomes under these rules for labels; never 0.
  uint64_t HashWith(const Relabel& relabel) const;
  const Relabel& push_relabel() const { return push_relabel_; }
  LabelSalts* salts() const { return salts_; }
  Metrics* metrics() const { return metrics_; }
  // The profile type of a channel. Errors: INVALID_ARGUMENT where its name can not be one.
  absl::StatusOr<storage::ProfileType> TypeOf(std::string_view channel) const;

 private:
  friend class SampleStream;
  friend class LineStream;
  friend class ProfileStream;

  Pipeline(Interner* interner, PipelineOptions options);

  Metrics* const metrics_;
  const ChannelTypes profile_types_;
  const Relabel push_relabel_;
  LabelSalts* const salts_;
  const std::function<absl::Time()> now_;
  StackDecoder decoder_;
  SeriesCap series_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PIPELINE_H_
