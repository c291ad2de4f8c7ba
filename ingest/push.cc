#include "ingest/push.h"

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "ingest/replacement_sums.h"
#include "ingest/unpack.h"
#include "storage/bucket.h"

namespace flamekeep::ingest {
namespace {

// The store counts what it takes in by ones, but a replacement of many batches is one thing to it.
// So the client's number stands before its cursor.
constexpr size_t kNumberBytes = 8;

storage::Position ToStore(uint64_t store_number, const storage::Position& client) {
  storage::Position position{.number = store_number};
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
  absl::flat_hash_map<storage::SourceId, SourceState> sources ABSL_GUARDED_BY(mutex);
  uint64_t replacement_bytes ABSL_GUARDED_BY(mutex) = 0;

  void Forget(storage::SourceId source) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const auto it = sources.find(source);
    if (!it->second.open && it->second.durable.number == it->second.accepted) sources.erase(it);
  }

  absl::StatusOr<uint64_t> Lease(storage::SourceId source, const std::string& name);
  void Release(storage::SourceId source);
  void Accepted(storage::SourceId source, const storage::Position& client, storage::Ticket ticket);
  static void WhenDurable(const std::shared_ptr<Shared>& shared, storage::SourceId source,
                          storage::Position client, storage::Ticket ticket);
};

// Returns the last accepted number.
absl::StatusOr<uint64_t> PushHub::Shared::Lease(storage::SourceId source, const std::string& name) {
  absl::MutexLock lock(&mutex);
  const auto [it, added] = sources.try_emplace(source);
  SourceState& state = it->second;
  if (state.open) {
    return Error(absl::StatusCode::kAborted,
                 "another client is sending \"{}\": wait until it is done, or send under another "
                 "name",
                 name);
  }
  state.open = true;
  if (added) {
    // What was accepted before is durable, or the state would still be here.
    if (const auto position = store->AcceptedPosition(source)) {
      state.durable = ToClient(*position);
      state.accepted = state.durable.number;
      state.store_number = position->number;
    }
  }
  return state.accepted;
}

void PushHub::Shared::Release(storage::SourceId source) {
  absl::MutexLock lock(&mutex);
  sources.find(source)->second.open = false;
  Forget(source);
}

void PushHub::Shared::Accepted(storage::SourceId source, const storage::Position& client,
                               storage::Ticket ticket) {
  absl::MutexLock lock(&mutex);
  SourceState& state = sources.find(source)->second;
  state.accepted = client.number;
  state.ticket = ticket;
  ++state.store_number;
}

void PushHub::Shared::WhenDurable(const std::shared_ptr<Shared>& shared, storage::SourceId source,
                                  storage::Position client, storage::Ticket ticket) {
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
  CheckedIdentity identity;
  storage::SourceId source{};
  std::unique_ptr<LineStream> lines;
  TypeHandle type{};  // folded lines

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
  absl::StatusOr<std::vector<storage::Sample>> Decode(const PushBatch& batch);
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
  if (batch.lines.size() > kMaxBatchBytes) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "batch {} has {} bytes: send at most {} a batch", batch.number, batch.lines.size(),
                 kMaxBatchBytes);
  }
  if (batch.number <= accepted) return true;
  if (first != 0 && !batch.replace) {
    return InvalidArgument("batch {} came before the last one of a replacement: set `replace`",
                           batch.number);
  }
  const uint64_t expected = first == 0 ? accepted + 1 : last + 1;
  const bool starts_again = first != 0 && batch.number == first;
  if (batch.number != expected && !starts_again) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 "batch {} leaves a gap: the last one of this source was {}, send {} next",
                 batch.number, expected - 1, expected);
  }
  return false;
}

absl::StatusOr<std::vector<storage::Sample>> PushSession::Impl::Decode(const PushBatch& batch) {
  constexpr size_t kBytesPerLine = 512;  // fewer than most lines have
  std::string_view text = batch.lines;
  std::string unpacked;
  if (batch.compression == Compression::kZstd) {
    FLAMEKEEP_RETURN_IF_ERROR(UnpackZstd(text, kMaxUnpackedBytes, &unpacked));
    text = unpacked;
  }
  std::vector<storage::Sample> samples;
  samples.reserve(text.size() / kBytesPerLine + 1);
  if (identity.format == PushFormat::kTimedFolded) {
    FLAMEKEEP_RETURN_IF_ERROR(lines->DecodeTimed(text, &samples));
    return samples;
  }
  const auto minute = identity.minute ? identity.minute : storage::MinuteOf(shared->options.now());
  if (!minute) return Error(absl::StatusCode::kInternal, "this server's clock is out of range");
  FLAMEKEEP_RETURN_IF_ERROR(lines->DecodeFolded(text, type, *minute, &samples));
  return samples;
}

storage::Position PushSession::Impl::NextPosition(const PushBatch& batch) {
  absl::MutexLock lock(&shared->mutex);
  return ToStore(shared->sources.find(source)->second.store_number + 1,
                 {batch.number, batch.cursor});
}

Appended PushSession::Impl::Accept(const PushBatch& batch, storage::Ticket ticket) {
  const storage::Position client{batch.number, batch.cursor};
  accepted = batch.number;
  shared->Accepted(source, client, ticket);
  PushHub::Shared::WhenDurable(shared, source, client, ticket);
  return {.ticket = ticket, .counts = lines->counts()};
}

absl::StatusOr<Appended> PushSession::Impl::AppendPlain(const PushBatch& batch) {
  storage::Batch to_store{.source = source, .resolution = identity.resolution};
  FLAMEKEEP_ASSIGN_OR_RETURN(to_store.samples, Decode(batch));
  to_store.position = NextPosition(batch);
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::Ticket ticket, shared->store->Append(to_store));
  return Accept(batch, ticket);
}

absl::Status PushSession::Impl::Collect(const PushBatch& batch) {
  if (identity.format != PushFormat::kFolded || !identity.minute) {
    return InvalidArgument(
        "a replacement stands for one bucket: send folded lines and set `time` and `resolution`");
  }
  if (first != 0 && batch.number == first) DropReplacement();
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::vector<storage::Sample> samples, Decode(batch));
  if (first == 0) first = batch.number;
  last = batch.number;
  sums.Add(samples);

  const uint64_t bytes = sums.bytes();
  absl::MutexLock lock(&shared->mutex);
  shared->replacement_bytes += bytes - counted_bytes;
  counted_bytes = bytes;
  if (shared->replacement_bytes > shared->options.max_replacement_bytes) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "the replacements that are being sent take over {} bytes of memory: send fewer at "
                 "once, or smaller files",
                 shared->options.max_replacement_bytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::Ticket> PushSession::Impl::Replace(const PushBatch& batch) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SourceId owner,
                             shared->store->InternSource(identity.owner));
  return shared->store->Replace({
      .source = owner,
      .position_source = source,
      .bucket = storage::BucketAt(identity.resolution, *identity.minute),
      .samples = sums.Take(*identity.minute),
      .subtract_finer = batch.replace->subtract_finer,
      .position = NextPosition(batch),
  });
}

absl::StatusOr<Appended> PushSession::Impl::AppendReplacement(const PushBatch& batch) {
  if (absl::Status status = Collect(batch); !status.ok()) {
    DropReplacement();
    return status;
  }
  if (!batch.replace->last) return Appended{.counts = lines->counts()};
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

absl::StatusOr<std::unique_ptr<PushSession>> PushHub::Open(const PushIdentity& identity) {
  FLAMEKEEP_ASSIGN_OR_RETURN(CheckedIdentity checked,
                             CheckIdentity(identity, shared_->options.now()));
  // A source stays in the store for ever, so it comes after all that may be refused.
  FLAMEKEEP_RETURN_IF_ERROR(shared_->store->InternSite(identity.site).status());
  const bool import = identity.kind == storage::SourceKind::kImport;
  auto lines = shared_->pipeline->NewStream({.site = identity.site,
                                             .source = import ? "import" : "push",
                                             .extra_labels = checked.labels});
  TypeHandle type{};
  if (checked.format == PushFormat::kFolded) {
    FLAMEKEEP_ASSIGN_OR_RETURN(type, lines->Type(checked.type));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::SourceId source,
                             shared_->store->InternSource(checked.source));
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t accepted, shared_->Lease(source, checked.source.name));
  auto impl = std::make_unique<PushSession::Impl>();  // from here on it gives the lease back
  impl->shared = shared_;
  impl->source = source;
  impl->accepted = accepted;
  impl->lines = std::move(lines);
  impl->type = type;
  impl->identity = std::move(checked);
  return std::unique_ptr<PushSession>(new PushSession(std::move(impl)));
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
                    .counts = impl_->lines->counts(),
                    .duplicate = true};
  }
  return batch.replace ? impl_->AppendReplacement(batch) : impl_->AppendPlain(batch);
}

}  // namespace flamekeep::ingest
