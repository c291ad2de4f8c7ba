#include "ingest/push.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "ingest/push_decoder.h"
#include "ingest/replacement_sums.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {
namespace {

// The store counts what it takes in by ones, but a replacement of many batches is one thing to it.
// So the client's number stands before its cursor.
constexpr size_t kNumberBytes = 8;

storage::Position ToStore(uint64_t store_number, const storage::Position& client,
                          int64_t accepted_s) {
  storage::Position position{.number = store_number, .accepted_s = accepted_s};
  for (size_t i = 0; i < kNumberBytes; ++i) {
    position.cursor += static_cast<char>(client.number >> (8 * i));
  }
  position.cursor += client.cursor;
  return position;
}

storage::Position ToClient(const storage::Position& position) {
  if (position.cursor.size() < kNumberBytes) return position;
  storage::Position client{.cursor = position.cursor.substr(kNumberBytes)};
  for (size_t i = 0; i < kNumberBytes; ++i) {
    client.number |= uint64_t{static_cast<unsigned char>(position.cursor[i])} << (8 * i);
  }
  return client;
}

// Where a source stands.
struct SourceState {
  std::optional<storage::SourceId> id;  // once it is in the store
  bool open = false;
  storage::Position durable;   // the client's
  uint64_t accepted = 0;       // the client's number
  uint64_t store_number = 0;   // of what was accepted
  storage::Ticket ticket = 0;  // of what was accepted
};

}  // namespace

struct PushHub::Shared {
  storage::Store* store;
  Pipeline* pipeline;
  PushOptions options;

  absl::Mutex mutex;
  // Sources that are open, or have something accepted that is not durable yet.
  std::map<storage::SourceKey, SourceState> sources ABSL_GUARDED_BY(mutex);
  uint64_t replacement_bytes ABSL_GUARDED_BY(mutex) = 0;

  void Forget(const storage::SourceKey& source) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto it = sources.find(source);
    if (!it->second.open && it->second.durable.number == it->second.accepted) sources.erase(it);
  }

  absl::StatusOr<uint64_t> Lease(const storage::SourceKey& source);
  void Release(const storage::SourceKey& source);
  // Of a source that is leased; makes it where it is new.
  absl::StatusOr<storage::SourceId> Intern(const storage::SourceKey& source);
  void Accepted(const storage::SourceKey& source, const storage::Position& client,
                storage::Ticket ticket);
  static void WhenDurable(const std::shared_ptr<Shared>& shared, const storage::SourceKey& source,
                          storage::Position client, storage::Ticket ticket);
  absl::StatusOr<Appended> AppendWithoutNumber(
      const PushIdentity& identity, std::string_view id,
      absl::FunctionRef<absl::StatusOr<DecodedBatch>(PushDecoder*)> decode);
};

// Returns the last accepted number.
absl::StatusOr<uint64_t> PushHub::Shared::Lease(const storage::SourceKey& source) {
  absl::MutexLock lock(&mutex);
  const auto [it, added] = sources.try_emplace(source);
  SourceState& state = it->second;
  if (state.open) {
    return Error(absl::StatusCode::kAborted,
                 "another client is sending \"{}\": wait until it is done, or send under another "
                 "name",
                 source.name);
  }
  state.open = true;
  if (added) state.id = store->FindSource(source);
  // Before the position is read, which is not forgotten then.
  if (state.id) store->HoldPosition(*state.id);
  if (added) {
    // What was accepted before is durable, or the state would still be here.
    const auto position = state.id ? store->AcceptedPosition(*state.id) : std::nullopt;
    if (position) {
      state.durable = ToClient(*position);
      state.accepted = state.durable.number;
      state.store_number = position->number;
    }
  }
  return state.accepted;
}

void PushHub::Shared::Release(const storage::SourceKey& source) {
  absl::MutexLock lock(&mutex);
  SourceState& state = sources.find(source)->second;
  state.open = false;
  if (state.id) store->ReleasePosition(*state.id);
  Forget(source);
}

absl::StatusOr<storage::SourceId> PushHub::Shared::Intern(const storage::SourceKey& source) {
  {
    absl::MutexLock lock(&mutex);
    const SourceState& state = sources.find(source)->second;
    if (state.id) return *state.id;
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SourceId id, store->InternSource(source));
  store->HoldPosition(id);
  absl::MutexLock lock(&mutex);
  sources.find(source)->second.id = id;
  return id;
}

void PushHub::Shared::Accepted(const storage::SourceKey& source, const storage::Position& client,
                               storage::Ticket ticket) {
  absl::MutexLock lock(&mutex);
  SourceState& state = sources.find(source)->second;
  state.accepted = client.number;
  state.ticket = ticket;
  ++state.store_number;
}

void PushHub::Shared::WhenDurable(const std::shared_ptr<Shared>& shared,
                                  const storage::SourceKey& source, storage::Position client,
                                  storage::Ticket ticket) {
  shared->store->OnDurable(ticket, [shared, source, client = std::move(client)] {
    absl::MutexLock lock(&shared->mutex);
    // A later batch of the source may have been told before this one, and the state be gone.
    const auto it = shared->sources.find(source);
    if (it == shared->sources.end() || client.number <= it->second.durable.number) return;
    it->second.durable = client;
    shared->Forget(source);
  });
}

struct PushSession::Impl {
  std::shared_ptr<PushHub::Shared> shared;
  std::unique_ptr<PushDecoder> decoder;
  storage::SourceKey source;

  uint64_t accepted = 0;
  // A replacement that is being collected: its first number, and the last one so far.
  uint64_t first = 0;  // 0: none
  uint64_t last = 0;
  ReplacementSums sums;
  uint64_t counted_bytes = 0;  // of the hub's replacement_bytes

  ~Impl() {
    DropReplacement();
    shared->Release(source);
  }

  // Whether the batch was accepted before. Errors: its number or kind is not the next one.
  absl::StatusOr<bool> CheckNumber(const PushBatch& batch);
  absl::StatusOr<Appended> AppendPlain(const PushBatch& batch);
  absl::StatusOr<Appended> AppendReplacement(const PushBatch& batch);
  absl::Status Collect(const PushBatch& batch);
  absl::StatusOr<storage::Ticket> Replace(const PushBatch& batch);
  Appended Accept(const PushBatch& batch, storage::Ticket ticket);
  storage::Position NextPosition(const PushBatch& batch);
  void DropReplacement();
};

void PushSession::Impl::DropReplacement() {
  absl::MutexLock lock(&shared->mutex);
  shared->replacement_bytes -= std::exchange(counted_bytes, 0);
  sums = {};
  first = last = 0;
}

absl::StatusOr<bool> PushSession::Impl::CheckNumber(const PushBatch& batch) {
  if (batch.number == 0) return InvalidArgument("a batch has no number: the first one is 1");
  if (batch.cursor.size() > kMaxCursorBytes) {
    return InvalidArgument("the cursor of batch {} has {} bytes: send at most {}", batch.number,
                           batch.cursor.size(), kMaxCursorBytes);
  }
  if (batch.number <= accepted) return true;
  if (first != 0 && !batch.replace) {
    return InvalidArgument("batch {} came before the last one of a replacement: set `replace`",
                           batch.number);
  }
  const uint64_t expected = first == 0 ? accepted + 1 : last + 1;
  const bool starts_again = first != 0 && batch.number == first;
  if (expected == 1 && batch.number != 1) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "batch {} can not be the first one, and no batch of this source is known here: it "
                 "is new, or was silent for longer than push.forget_clients: send 1 next",
                 batch.number);
  }
  if (batch.number != expected && !starts_again) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "batch {} leaves a gap: the last one of this source was {}, send {} next",
                 batch.number, expected - 1, expected);
  }
  return false;
}

storage::Position PushSession::Impl::NextPosition(const PushBatch& batch) {
  // Imports are never forgotten: the same file counts once for ever.
  const int64_t accepted_s = source.kind == storage::SourceKind::kImport
                                 ? 0
                                 : absl::ToUnixSeconds(shared->store->PositionTime());
  absl::MutexLock lock(&shared->mutex);
  return ToStore(shared->sources.find(source)->second.store_number + 1,
                 {batch.number, batch.cursor}, accepted_s);
}

Appended PushSession::Impl::Accept(const PushBatch& batch, storage::Ticket ticket) {
  const storage::Position client{batch.number, batch.cursor};
  accepted = batch.number;
  shared->Accepted(source, client, ticket);
  PushHub::Shared::WhenDurable(shared, source, client, ticket);
  return {.ticket = ticket, .counts = decoder->counts()};
}

absl::StatusOr<Appended> PushSession::Impl::AppendPlain(const PushBatch& batch) {
  FLAMEKEEP_ASSIGN_OR_RETURN(DecodedBatch decoded, decoder->Decode(batch));
  storage::Batch to_store{.resolution = decoded.resolution,
                          .samples = std::move(decoded.samples),
                          .amend = decoder->identity().amend};
  FLAMEKEEP_ASSIGN_OR_RETURN(to_store.source, shared->Intern(source));
  to_store.position = NextPosition(batch);
  storage::AppendTold told;
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::Ticket ticket, shared->store->Append(to_store, &told));
  decoder->CountFinal(told.left_out);
  return Accept(batch, ticket);
}

absl::Status PushSession::Impl::Collect(const PushBatch& batch) {
  const CheckedIdentity& identity = decoder->identity();
  if (identity.format != PushFormat::kFolded || !identity.minute) {
    return InvalidArgument(
        "a replacement stands for one bucket: send folded lines and set `time` and `resolution`");
  }
  if (first != 0 && batch.number == first) DropReplacement();
  FLAMEKEEP_ASSIGN_OR_RETURN(const DecodedBatch decoded, decoder->Decode(batch));
  if (first == 0) first = batch.number;
  last = batch.number;
  sums.Add(decoded.samples);

  const uint64_t bytes = sums.bytes();
  if (bytes > shared->options.max_replacement_bytes) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "this replacement takes over {} bytes of memory: send a smaller file, or one for "
                 "each hour instead of one for the day",
                 shared->options.max_replacement_bytes);
  }
  absl::MutexLock lock(&shared->mutex);
  shared->replacement_bytes += bytes - counted_bytes;
  counted_bytes = bytes;
  if (shared->replacement_bytes > shared->options.max_replacement_bytes) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "the replacements that are being sent take over {} bytes of memory: send fewer at "
                 "once, or try again later",
                 shared->options.max_replacement_bytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::Ticket> PushSession::Impl::Replace(const PushBatch& batch) {
  const CheckedIdentity& identity = decoder->identity();
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SourceId id, shared->Intern(source));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SourceId owner,
                             shared->store->InternSource(identity.owner));
  return shared->store->Replace({
      .source = owner,
      .position_source = id,
      .bucket = storage::BucketAt(identity.resolution, *identity.minute),
      .samples = sums.Take(*identity.minute),
      .subtract_finer = batch.replace->subtract_finer,
      .position = NextPosition(batch),
      .amend = identity.amend,
  });
}

absl::StatusOr<Appended> PushSession::Impl::AppendReplacement(const PushBatch& batch) {
  if (absl::Status status = Collect(batch); !status.ok()) {
    DropReplacement();
    return status;
  }
  if (!batch.replace->last) return Appended{.counts = decoder->counts()};
  const absl::StatusOr<storage::Ticket> ticket = Replace(batch);
  DropReplacement();
  if (!ticket.ok()) return ticket.status();
  return Accept(batch, *ticket);
}

PushHub::PushHub(storage::Store* store, Pipeline* pipeline, PushOptions options)
    : shared_(std::make_shared<Shared>()) {
  shared_->store = store;
  shared_->pipeline = pipeline;
  shared_->options = std::move(options);
}

PushHub::~PushHub() = default;

const PushBounds& PushHub::bounds() const { return shared_->options.bounds; }
const Relabel& PushHub::relabel() const { return shared_->pipeline->push_relabel(); }

absl::StatusOr<std::unique_ptr<PushSession>> PushHub::Open(const PushIdentity& identity) {
  const PushOptions& options = shared_->options;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      std::unique_ptr<PushDecoder> decoder,
      PushDecoder::Make(identity, options.bounds, options.now, shared_->store, shared_->pipeline));
  const storage::SourceKey source = decoder->identity().source;
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t accepted, shared_->Lease(source));
  auto impl = std::make_unique<PushSession::Impl>();  // from here on it gives the lease back
  impl->shared = shared_;
  impl->source = source;
  impl->accepted = accepted;
  impl->decoder = std::move(decoder);
  return std::unique_ptr<PushSession>(new PushSession(std::move(impl)));
}

absl::StatusOr<Appended> PushHub::Shared::AppendWithoutNumber(
    const PushIdentity& identity, std::string_view id,
    absl::FunctionRef<absl::StatusOr<DecodedBatch>(PushDecoder*)> decode) {
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const std::unique_ptr<PushDecoder> decoder,
      PushDecoder::Make(identity, options.bounds, options.now, store, pipeline));
  const CheckedIdentity& checked = decoder->identity();
  FLAMEKEEP_ASSIGN_OR_RETURN(DecodedBatch decoded, decode(decoder.get()));
  storage::Batch to_store{.resolution = decoded.resolution,
                          .samples = std::move(decoded.samples),
                          .amend = checked.amend};
  FLAMEKEEP_ASSIGN_OR_RETURN(to_store.source, store->InternSource(checked.source));
  // Where all was rejected nothing is remembered: it may be sent again, under other bounds.
  const bool nothing = to_store.samples.empty() && decoder->counts().rejected > 0;
  if (!id.empty() && !nothing) to_store.id = storage::MakeBatchId(to_store.source, id);
  Appended appended;
  storage::AppendTold told;
  FLAMEKEEP_ASSIGN_OR_RETURN(appended.ticket, store->Append(to_store, &told));
  decoder->CountFinal(told.left_out);
  appended.duplicate = told.duplicate;
  if (!appended.duplicate) appended.counts = decoder->counts();
  return appended;
}

absl::StatusOr<Appended> PushHub::AppendNamed(const PushIdentity& identity, std::string_view id,
                                              const PushBatch& batch) {
  if (id.empty() || id.size() > kMaxBatchIdBytes) {
    return InvalidArgument("the id of a batch has {} bytes: give it 1 to {}", id.size(),
                           kMaxBatchIdBytes);
  }
  if (batch.number != 0 || !batch.cursor.empty() || batch.replace) {
    return InvalidArgument(
        "a batch with an id has no number, no cursor and replaces nothing: leave them out, or the "
        "id");
  }
  return shared_->AppendWithoutNumber(
      identity, id, [&batch](PushDecoder* decoder) { return decoder->Decode(batch); });
}

absl::StatusOr<Appended> PushHub::AppendProfile(const PushIdentity& identity, std::string_view id,
                                                DecodeProfile decode) {
  return shared_->AppendWithoutNumber(
      identity, id, [decode](PushDecoder* decoder) { return decoder->Decode(decode); });
}

PushSession::PushSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PushSession::~PushSession() = default;

storage::Position PushSession::durable() const {
  absl::MutexLock lock(&impl_->shared->mutex);
  return impl_->shared->sources.find(impl_->source)->second.durable;
}

absl::StatusOr<Appended> PushSession::Append(const PushBatch& batch) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const bool duplicate, impl_->CheckNumber(batch));
  if (duplicate) {
    absl::MutexLock lock(&impl_->shared->mutex);
    return Appended{.ticket = impl_->shared->sources.find(impl_->source)->second.ticket,
                    .counts = impl_->decoder->counts(),
                    .duplicate = true};
  }
  return batch.replace ? impl_->AppendReplacement(batch) : impl_->AppendPlain(batch);
}

}  // namespace flamekeep::ingest
