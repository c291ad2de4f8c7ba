// Batches from clients: pushes and imports, numbered or named. A PushHub holds what sessions share;
// a PushSession is one open source with numbered batches.
//
//   PushHub hub(&store, &pipeline, {});
//   auto session = hub.Open(identity);           // ABORTED: someone else has it open
//   client continues behind (*session)->durable();
//   auto appended = (*session)->Append({.number = 1, .lines = lines});
//   store.OnDurable(*appended->ticket, [..] { acknowledge number 1 });
//
// Clients that can not number, and frontends that speak for many, name each batch instead
// (AppendNamed()): ids are remembered for StoreOptions::batch_id_window, and no session is needed.
//
// A source comes into the store with its first batch: opening one leaves nothing behind. Where it
// stands is kept in the position of its SourceKey, in the WriteBatch of its data.
// The key's name is made of all that decides what a batch means, so that one client may send
// several things:
//
//   folded         SOURCE (folded, excimer-wall:samples:count::, 2026-11-20T00:00:00+00:00, day)
//   timed-folded   SOURCE (timed-folded)
//   pprof          SOURCE (pprof, NAME, its own, minute)
//   profiles       SOURCE (profiles)
//
// with "now" for the time where a push gives none, and "its own" where profiles have theirs. Rules
// are not part of it: a client's numbers, and with them the promise that a batch sent twice counts
// once, outlive a change of the rules.
//
// A replacement (IngestBatch.Replace) is added up in memory until its last batch, then handed to
// the store whole, under the key whose name is the owner's alone. Its batches become durable
// together: after a failure a client starts it again from its first batch.
//
// Thread safety: PushHub, all methods. A PushSession belongs to one thread at a time.
// Ownership: store and pipeline outlive the hub, the hub its sessions.
#ifndef FLAMEKEEP_INGEST_PUSH_H_
#define FLAMEKEEP_INGEST_PUSH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ingest/line_stream.h"
#include "ingest/pipeline.h"
#include "ingest/push_batch.h"
#include "ingest/push_bounds.h"
#include "ingest/push_decoder.h"
#include "ingest/push_identity.h"
#include "storage/registry.h"
#include "storage/store.h"

namespace flamekeep::ingest {

struct Appended {
  // What to wait for; nothing for a part of a replacement that is not its last.
  std::optional<storage::Ticket> ticket;
  LineCounts counts;       // of the session so far
  bool duplicate = false;  // was accepted before: not counted again
};

struct PushOptions {
  PushBounds bounds;
  // Of all replacements that are being collected.
  uint64_t max_replacement_bytes = uint64_t{512} << 20;
  std::function<absl::Time()> now = [] { return absl::Now(); };
};

class PushSession;

class PushHub {
 public:
  PushHub(storage::Store* store, Pipeline* pipeline, PushOptions options);
  ~PushHub();
  PushHub(const PushHub&) = delete;
  PushHub& operator=(const PushHub&) = delete;

  // Opens a source for one sender. Errors: INVALID_ARGUMENT for an identity outside its rules;
  // FAILED_PRECONDITION where the store can hold no more sites, or the site no more types; ABORTED
  // while another session has the source open.
  absl::StatusOr<std::unique_ptr<PushSession>> Open(const PushIdentity& identity);

  // Takes in one batch that has an id, of 1 to kMaxBatchIdBytes bytes, instead of a number. Any
  // number of callers may do so for a source at once, also with the same id: it counts once.
  // Errors: those of Open(), but not ABORTED, and of PushSession::Append(); INVALID_ARGUMENT also
  // for an id outside its bounds, a number, a cursor, or a replacement.
  absl::StatusOr<Appended> AppendNamed(const PushIdentity& identity, std::string_view id,
                                       const PushBatch& batch);

  // The same for a profile that a front end takes apart by itself: identity.format is kProfile.
  // Without an id a retry counts again; one may be of any length. Errors: also those of `decode`.
  absl::StatusOr<Appended> AppendProfile(const PushIdentity& identity, std::string_view id,
                                         DecodeProfile decode);

  const PushBounds& bounds() const;
  // Of what is pushed and imported.
  const Relabel& relabel() const;

 private:
  friend class PushSession;
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with callbacks that wait for the store
};

class PushSession {
 public:
  // Gives the source free.
  ~PushSession();
  PushSession(const PushSession&) = delete;
  PushSession& operator=(const PushSession&) = delete;

  // The last durable number and its cursor. Grows as tickets become durable.
  storage::Position durable() const;

  // Takes one batch in. May wait where the store is behind (StoreOptions::append_timeout). Errors:
  //   INVALID_ARGUMENT     number 0, a broken zstd frame, a cursor over kMaxCursorBytes,
  //   replacement
  //                        and plain batches mixed
  //   FAILED_PRECONDITION  a gap in the numbers; a replacement that can not be stored exactly, or
  //                        that alone is too large; an import into a final range, without `amend`;
  //                        the store can hold no more sources, or no more ids
  //   RESOURCE_EXHAUSTED   the batch is too large, too much is being replaced at once, or the store
  //                        can not write
  // After an error nothing of the batch is stored, and it may be sent again; a replacement then
  // starts again from its first batch.
  absl::StatusOr<Appended> Append(const PushBatch& batch);

 private:
  friend class PushHub;
  struct Impl;
  explicit PushSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PUSH_H_
