#include "storage/store.h"

#include <rocksdb/cache.h>

#include <memory>
#include <set>
#include <utility>

#include "base/status.h"
#include "base/steady_clock.h"
#include "storage/check.h"
#include "storage/format.h"
#include "storage/replacement.h"
#include "storage/snapshot.h"
#include "storage/store_directory.h"
#include "storage/store_impl.h"

namespace flamekeep::storage {
namespace {

// Opens it for reading where it can not be opened for writing because of the disk, which
// `write_status` then says.
absl::StatusOr<std::unique_ptr<Database>> OpenForReadingAtLeast(Database::Options options,
                                                                absl::Status* write_status) {
  absl::StatusOr<std::unique_ptr<Database>> opened = Database::Open(options);
  if (!absl::IsResourceExhausted(opened.status()) && !absl::IsUnavailable(opened.status())) {
    return opened;
  }
  options.read_only = true;
  absl::StatusOr<std::unique_ptr<Database>> reader = Database::Open(options);
  if (!reader.ok()) return opened;
  *write_status = opened.status();
  return reader;
}

}  // namespace

const Retention& StoreOptions::RetentionOf(std::string_view site) const {
  const auto it = site_retention.find(site);
  return it == site_retention.end() ? retention : it->second;
}

absl::Status Store::Impl::Load(Committer::Durable* durable) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> current, database.Get());
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      current->db()->NewIterator(rocksdb::ReadOptions(), current->meta()));
  // Sites first: series and sources name them.
  for (const MetaTag tag :
       {MetaTag::kSite, MetaTag::kSeries, MetaTag::kSource, MetaTag::kPosition, MetaTag::kFloor,
        MetaTag::kCapped, MetaTag::kStale, MetaTag::kProgress, MetaTag::kBatchId}) {
    const std::string prefix = MetaKey(tag);
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      const std::string_view key = View(it->key());
      const std::string_view value = View(it->value());
      if (tag == MetaTag::kPosition) {
        FLAMEKEEP_ASSIGN_OR_RETURN(const SourceId source, DecodePositionKey(key));
        FLAMEKEEP_ASSIGN_OR_RETURN(durable->positions[source], DecodePosition(value));
      } else if (tag == MetaTag::kBatchId) {
        FLAMEKEEP_ASSIGN_OR_RETURN(const BatchIdRecord record, DecodeBatchIdKey(key));
        durable->batch_ids.Load(record);
      } else if (tag == MetaTag::kFloor || tag == MetaTag::kCapped || tag == MetaTag::kStale) {
        FLAMEKEEP_RETURN_IF_ERROR(levels.Load(key, value));
      } else if (tag == MetaTag::kProgress) {
        FLAMEKEEP_RETURN_IF_ERROR(progress.Load(key, value));
      } else {
        FLAMEKEEP_RETURN_IF_ERROR(catalog.Load(key, value));
      }
    }
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(deletion, ReadDeletion(*current, rocksdb::ReadOptions()));
  return FromRocksDb(it->status(), "reading the registry of " + options.directory);
}

absl::Status Store::Impl::Start(const Database::Options& database_options,
                                Committer::Durable durable) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> current, database.Get());
  FLAMEKEEP_ASSIGN_OR_RETURN(const uint64_t last_flush, ReadFlushNumber(*current));
  const bool reopen = !durable.write_status.ok();
  flusher = std::make_unique<Flusher>(
      Flusher::Parts{&database, database_options, dictionary.get(), &catalog, &levels, &changes,
                     &progress, metrics(), options.now},
      last_flush, reopen);
  if (options.read_only) return absl::OkStatus();
  committer = std::make_unique<Committer>(
      Committer::Options{options.flush_interval, options.min_flush_interval, options.flush_bytes,
                         options.max_head_bytes, options.append_timeout, options.progress_interval,
                         options.forget_positions_after, options.now, options.steady_now},
      flusher.get(), std::move(durable));
  if (reopen) {
    // A commit of nothing: it is tried until the database is open for writing. Nobody waits for it.
    const auto begin = [this] {
      flusher->Begin();
      return true;
    };
    committer->Run(begin, absl::InfinitePast()).IgnoreError();
  }
  deleter = std::make_unique<Deleter>(
      Deleter::Parts{&database, committer.get(), flusher.get(), dictionary.get(), &levels, &catalog,
                     &stopping, [this] { return NewSnapshot(); }, options.append_timeout},
      deletion);
  rollup = std::make_unique<Rollup>(Rollup::Parts{&database, committer.get(), flusher.get(),
                                                  &levels, metrics(), &stopping,
                                                  options.rollup_quiet, options.rollup_at_latest});
  expiry =
      std::make_unique<Expiry>(Expiry::Parts{&database, committer.get(), flusher.get(), &levels,
                                             &catalog, deletable.get(), &options, &stopping});
  cap = std::make_unique<SizeCap>(SizeCap::Parts{&database, &levels, &catalog, dictionary.get(),
                                                 expiry.get(), metrics(), &options});
  growth = std::make_unique<GrowthLog>(
      GrowthLog::Parts{&database, committer.get(), flusher.get(), dictionary.get()});
  maintenance = std::make_unique<Maintenance>(
      Maintenance::Parts{deleter.get(), rollup.get(), expiry.get(), cap.get(), growth.get(),
                         dictionary.get(), committer.get(), flusher.get(), &database, metrics(),
                         &stopping, options.now, options.steady_now},
      options.background_maintenance);
  return absl::OkStatus();
}

absl::Status Store::Impl::EnsureFloors(SiteId site) {
  if (levels.HasFloors(site)) return absl::OkStatus();
  return committer->Run(
      [this, site] {
        if (levels.HasFloors(site)) return false;
        catalog.TakePending(flusher->Begin());
        const Retention& retention = options.RetentionOf(catalog.sites()[Raw(site)]);
        for (const Level level : kLevels) {
          flusher->SetFloor(site, level, RetentionFloor(retention, level, options.now()));
        }
        return true;
      },
      SteadyNow() + options.append_timeout);
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  FLAMEKEEP_RETURN_IF_ERROR(
      PrepareStoreDirectory(options.directory, options.create_if_missing && !options.read_only));
  Database::Options database_options;
  database_options.directory = options.directory;
  database_options.read_only = options.read_only;
  database_options.cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  database_options.env = options.env;
  const auto deletable = std::make_shared<DeletableFloors>();
  database_options.deletable = deletable;
  absl::Status write_status;
  FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                             options.open_unwritable
                                 ? OpenForReadingAtLeast(database_options, &write_status)
                                 : Database::Open(database_options));

  auto impl = std::make_unique<Impl>(std::move(options), std::move(database));
  Committer::Durable durable{.positions = {},
                             .batch_ids = BatchIds(impl->options.batch_id_window,
                                                   impl->options.max_batch_ids, impl->metrics()),
                             .write_status = std::move(write_status)};
  impl->deletable = deletable;
  FLAMEKEEP_RETURN_IF_ERROR(impl->Load(&durable));
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> current, impl->database.Get());
    DictionaryOptions dictionary_options = impl->options.dictionary;
    dictionary_options.read_only = impl->options.read_only;
    FLAMEKEEP_ASSIGN_OR_RETURN(impl->dictionary,
                               Dictionary::Open(impl->options.directory + "/derived", current->db(),
                                                current->dictionary(), dictionary_options));
  }
  FLAMEKEEP_RETURN_IF_ERROR(impl->Start(database_options, std::move(durable)));
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() {
  // The maintenance thread may wait for a commit that does not come while the disk fails: once the
  // committer stops it gets an error, and only when it is gone may the committer go.
  impl_->stopping.store(true);
  if (impl_->committer != nullptr) impl_->committer->Stop();
  impl_->maintenance.reset();
  impl_->committer.reset();
}

Dictionary& Store::dictionary() { return *impl_->dictionary; }
const Dictionary& Store::dictionary() const { return *impl_->dictionary; }

absl::StatusOr<SiteId> Store::InternSite(std::string_view name) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SiteId site, impl_->catalog.InternSite(name));
  FLAMEKEEP_RETURN_IF_ERROR(impl_->EnsureFloors(site));
  return site;
}

absl::StatusOr<SeriesId> Store::InternSeries(const SeriesKey& key) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SeriesId series, impl_->catalog.InternSeries(key));
  FLAMEKEEP_RETURN_IF_ERROR(impl_->EnsureFloors(impl_->catalog.SiteOf(series)));
  return series;
}

absl::StatusOr<SourceId> Store::InternSource(const SourceKey& key) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const SourceId source, impl_->catalog.InternSource(key));
  FLAMEKEEP_RETURN_IF_ERROR(InternSite(key.site).status());
  return source;
}

std::optional<SourceId> Store::FindSource(const SourceKey& key) const {
  return impl_->catalog.FindSource(key);
}

std::vector<std::string> Store::Sites() const { return impl_->catalog.sites(); }
std::vector<SeriesKey> Store::Series() const { return impl_->catalog.series(); }

absl::StatusOr<Ticket> Store::Append(const Batch& batch, AppendTold* told) {
  std::optional<FinalGuard> guard = impl_->GuardOf(batch.source);
  if (guard.has_value()) guard->AddSamples(batch.samples, batch.resolution);
  const bool refuse = guard.has_value() && !batch.amend;
  FLAMEKEEP_ASSIGN_OR_RETURN(const Ticket ticket,
                             impl_->committer->Append(batch, refuse ? &*guard : nullptr, told));
  if (guard.has_value() && batch.amend) impl_->NoteAmendment(batch.source, *guard);
  return ticket;
}

absl::StatusOr<Ticket> Store::Replace(Replacement replacement) {
  const std::vector<SourceKey> sources = impl_->catalog.sources();
  FLAMEKEEP_ASSIGN_OR_RETURN(const SiteId site, InternSite(sources[Raw(replacement.source)].site));
  std::optional<FinalGuard> guard = impl_->GuardOf(replacement.source);
  {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, impl_->database.Get());
    FLAMEKEEP_RETURN_IF_ERROR(
        CheckReplacement(*database, impl_->levels.floors(site), site, replacement));
    // The flush reads it all again, as it is there by then, but can tell nobody.
    if (replacement.subtract_finer) {
      SeriesPairs collected;
      FLAMEKEEP_RETURN_IF_ERROR(CollectReplacement(*database, site, replacement, &collected));
    }
    const absl::StatusOr<std::vector<ColumnKey>> replaced =
        ReplacedColumns(*database, site, replacement);
    // Other errors may have gone when the flush reads them.
    if (absl::IsDataLoss(replaced.status())) return replaced.status();
    if (guard.has_value()) {
      FLAMEKEEP_RETURN_IF_ERROR(replaced.status());
      std::set<SeriesId> series;
      for (const Sample& sample : replacement.samples) series.insert(sample.series);
      for (const ColumnKey& column : *replaced) series.insert(column.series);
      for (const SeriesId one : series) guard->AddBucket(one, replacement.bucket);
    }
  }
  const SourceId source = replacement.source;
  const bool amend = replacement.amend;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const Ticket ticket,
      impl_->committer->Replace(std::move(replacement),
                                guard.has_value() && !amend ? &*guard : nullptr));
  if (guard.has_value() && amend) impl_->NoteAmendment(source, *guard);
  return ticket;
}

void Store::OnDurable(Ticket ticket, absl::AnyInvocable<void()> done) {
  impl_->committer->OnDurable(ticket, std::move(done));
}

absl::Status Store::WaitDurable(Ticket ticket, absl::Time deadline) {
  return impl_->committer->WaitDurable(ticket, deadline);
}

absl::Status Store::Flush() { return WaitDurable(impl_->committer->last_ticket()); }

absl::StatusOr<DeletionAmount> Store::MeasureDeletion(
    absl::Time begin, absl::Time end, std::vector<SeriesId> series,
    const std::function<bool()>& cancelled) const {
  return impl_->deleter->Measure(begin, end, std::move(series), cancelled);
}

absl::StatusOr<DeletionResult> Store::Delete(absl::Time begin, absl::Time end,
                                             std::vector<SeriesId> series,
                                             const std::function<bool()>& cancelled) {
  // What was accepted before goes, too.
  FLAMEKEEP_RETURN_IF_ERROR(
      WaitDurable(impl_->committer->last_ticket(), SteadyNow() + impl_->options.append_timeout));
  DeletionResult result;
  FLAMEKEEP_ASSIGN_OR_RETURN(result.amount,
                             impl_->maintenance->StartDeletion(begin, end, std::move(series)));
  while (true) {
    const absl::StatusOr<bool> through = impl_->maintenance->WaitForDeletion();
    if (!through.ok()) {
      return Error(absl::StatusCode::kUnavailable,
                   "the deletion has begun and is tried again until it is through: {}",
                   Message(through.status()));
    }
    if (*through) break;
    if (impl_->stopping.load() || (cancelled != nullptr && cancelled())) {
      return absl::CancelledError("the deletion has begun and goes on by itself");
    }
  }
  result.names_blanked = impl_->deleter->names_blanked();
  return result;
}

void Store::BeginClosing() { impl_->stopping.store(true); }

absl::Status Store::RunMaintenance(bool force) { return impl_->maintenance->Run(force); }

absl::Status Store::Compact() {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, impl_->database.Get());
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* family : database->all()) {
    FLAMEKEEP_RETURN_IF_ERROR(
        FromRocksDb(database->db()->CompactRange(options, family, nullptr, nullptr),
                    "compacting " + impl_->options.directory));
  }
  return absl::OkStatus();
}

StoreStatus Store::Status() const {
  StoreStatus status;
  status.last_flush = impl_->flusher->last_flush();
  if (impl_->committer != nullptr) {
    status.head_bytes = impl_->committer->pending_bytes();
    status.write_status = impl_->committer->write_status();
  }
  const absl::StatusOr<std::shared_ptr<Database>> database = impl_->database.Get();
  status.write_status.Update(database.status());
  const auto bytes = [&](const auto& family_of) -> uint64_t {
    if (!database.ok()) return 0;
    uint64_t value = 0;
    (*database)->db()->GetIntProperty(family_of(**database),
                                      rocksdb::DB::Properties::kTotalSstFilesSize, &value);
    return value;
  };
  for (const Level level : kLevels) {
    LevelStatus& row = status.levels[static_cast<size_t>(level)];
    row.level = level;
    row.bytes = bytes([level](const Database& open) { return open.level(level); });
  }
  for (const auto& [key, mark] : impl_->levels.marks()) {
    ++status.levels[static_cast<size_t>(key.bucket.level)].stale;
  }
  status.dictionary = impl_->dictionary->stats();
  status.dictionary_bytes = bytes([](const Database& open) { return open.dictionary(); }) +
                            status.dictionary.derived_bytes;
  status.directory_bytes = DirectoryBytes(impl_->options.directory);
  status.series = impl_->catalog.series().size() - 1;
  if (impl_->deleter != nullptr) status.deleting = impl_->deleter->pending();
  if (impl_->cap != nullptr) status.cap = impl_->cap->status();
  return status;
}

absl::StatusOr<StoreStats> Store::Stats(absl::Duration max_age) const {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, impl_->database.Get());
  const absl::Time now = impl_->options.now();
  absl::MutexLock lock(&impl_->stats_mutex);
  if (!impl_->stats.has_value() || now - impl_->stats_time > max_age) {
    FLAMEKEEP_ASSIGN_OR_RETURN(impl_->stats,
                               MakeStats({database.get(), impl_->dictionary.get(), &impl_->catalog,
                                          &impl_->levels, &impl_->options},
                                         now));
    impl_->stats_time = now;
  }
  return *impl_->stats;
}

absl::StatusOr<std::vector<std::string>> Store::Check() {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, impl_->database.Get());
  return CheckStore(*database, *impl_->dictionary, impl_->catalog, impl_->levels);
}

}  // namespace flamekeep::storage
