#include "storage/store_testing.h"

#include <rocksdb/metadata.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "base/status.h"
#include "storage/column.h"
#include "storage/database.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  abort();
}

template <typename T>
T Require(absl::StatusOr<T> value) {
  Require(value.status());
  return *std::move(value);
}

std::string TypeId(std::string_view profile) { return fmt::format("{}:samples:count::", profile); }

}  // namespace

TestDirectory::TestDirectory() {
  // In memory where possible: tests open stores by the thousand, and a busy disk syncs slowly.
  const char* base = getenv("TMPDIR");
  if (base == nullptr) base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  path_ = std::string(base) + "/flamekeep_test_XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) abort();
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void EditDatabase(const std::string& directory, absl::FunctionRef<void(const Database&)> edit) {
  Database::Options options;
  options.directory = directory;
  options.deletable = std::make_shared<DeletableFloors>();
  const std::unique_ptr<Database> database = Require(Database::Open(options));
  edit(*database);
}

void OverwriteColumn(const Database& database, Level level, absl::Time start,
                     const std::string& value) {
  const auto it = std::unique_ptr<rocksdb::Iterator>(
      database.db()->NewIterator(rocksdb::ReadOptions(), database.level(level)));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (Require(DecodeColumnKey(View(it->key()))).start != MinuteOf(start)) continue;
    Require(FromRocksDb(database.db()->Put({}, database.level(level), it->key(), value), "damage"));
    return;
  }
  abort();
}

std::string TableOf(const std::string& directory, Level level) {
  return TableOfFamily(directory, kLevelFamilies[static_cast<size_t>(level)]);
}

std::string TableOfFamily(const std::string& directory, std::string_view family) {
  std::string table;
  EditDatabase(directory, [&](const Database& database) {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    for (rocksdb::ColumnFamilyHandle* handle : database.all()) {
      if (handle->GetName() != family) continue;
      Require(FromRocksDb(database.db()->CompactRange(options, handle, nullptr, nullptr),
                          "compacting"));
    }
    std::vector<rocksdb::LiveFileMetaData> files;
    database.db()->GetLiveFilesMetaData(&files);
    for (const rocksdb::LiveFileMetaData& file : files) {
      if (file.column_family_name != family) continue;
      if (!table.empty()) abort();
      table = file.db_path + file.name;
    }
  });
  return table;
}

void DamageFile(const std::string& path, int64_t offset) {
  constexpr int kBytes = 16;
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  if (offset < 0) {
    file.seekg(0, std::ios::end);
    offset += file.tellg();
  }
  std::array<char, kBytes> bytes{};
  file.seekg(offset);
  file.read(bytes.data(), bytes.size());
  for (char& byte : bytes) byte = static_cast<char>(~byte);
  file.seekp(offset);
  file.write(bytes.data(), bytes.size());
  file.flush();
  if (!file) abort();
}

StoreOptions TestOptions(std::string directory, const TestClock* clock) {
  StoreOptions options;
  options.directory = std::move(directory);
  options.background_maintenance = false;
  options.retention.keep.fill(absl::InfiniteDuration());
  options.block_cache_bytes = 8 << 20;
  options.min_flush_interval = absl::ZeroDuration();
  options.now = [clock] {
    return clock != nullptr ? clock->Now()
                            : absl::FromCivil(absl::CivilDay(2027, 1, 15), absl::UTCTimeZone());
  };
  options.steady_now = options.now;
  return options;
}

TestStore::TestStore(StoreOptions options)
    : options_(std::move(options)), store_(Require(Store::Open(options_))) {}

void TestStore::Reopen() { Reopen(options_); }

void TestStore::Reopen(StoreOptions options) {
  options_ = std::move(options);
  store_.reset();
  store_ = Require(Store::Open(options_));
}

StackId TestStore::Intern(std::string_view folded) {
  std::vector<FrameId> frames;
  while (true) {
    const size_t end = folded.find(';');
    frames.push_back(Require(store_->dictionary().InternFrame(folded.substr(0, end))));
    if (end == std::string_view::npos) break;
    folded.remove_prefix(end + 1);
  }
  return Require(store_->dictionary().InternStack(frames));
}

std::string TestStore::Folded(const StackTreeView& tree, StackId id) const {
  std::string folded;
  for (; id != kRootStack; id = tree.parent(id)) {
    const std::string function(store_->dictionary().frame(tree.frame(id)).function);
    folded = folded.empty() ? function : function + ";" + folded;
  }
  return folded;
}

SeriesId TestStore::Series(std::string_view profile, std::string_view site) {
  return Require(store_->InternSeries({std::string(site), TypeId(profile), {}}));
}

Sample TestStore::MakeSample(absl::Time time, std::string_view profile, std::string_view folded,
                             uint64_t value, std::string_view site) {
  Sample sample{};
  sample.minute = MinuteOf(time).value();
  sample.series = Series(profile, site);
  sample.stack = Intern(folded);
  sample.value = value;
  return sample;
}

void TestStore::Append(absl::Time time, std::string_view profile, std::string_view folded,
                       uint64_t value, Level resolution, std::string_view site) {
  Batch batch;
  batch.source =
      Require(store_->InternSource({SourceKind::kPubSub, std::string(site), "test", "node", 0}));
  batch.resolution = resolution;
  batch.samples = {MakeSample(time, profile, folded, value, site)};
  Require(store_->WaitDurable(Require(store_->Append(batch))));
}

void TestStore::Replace(Level level, absl::Time start, const StackValues& content, uint64_t number,
                        bool subtract_finer) {
  Require(TryReplace(level, start, content, number, subtract_finer));
}

absl::Status TestStore::TryReplace(Level level, absl::Time start, const StackValues& content,
                                   uint64_t number, bool subtract_finer) {
  Replacement replacement;
  replacement.bucket = BucketAt(level, MinuteOf(start).value());
  replacement.source = Require(store_->InternSource({SourceKind::kImport, "eqiad", "log", "", 0}));
  replacement.position_source = Require(store_->InternSource(
      {SourceKind::kImport, "eqiad",
       fmt::format("log {} {}", LevelName(level), replacement.bucket.start), "", 0}));
  replacement.position = Position{number, ""};
  replacement.subtract_finer = subtract_finer;
  for (const auto& [folded, value] : content) {
    replacement.samples.push_back(MakeSample(start, "excimer", folded, value));
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const Ticket ticket, store_->Replace(std::move(replacement)));
  return store_->WaitDurable(ticket);
}

StackValues TestStore::Sum(std::string_view profile, absl::Time begin, absl::Time end, Plan* plan,
                           const std::vector<std::string>& sites) {
  std::vector<SeriesId> series;
  for (const std::string& site : sites) series.push_back(Series(profile, site));
  return SumOf(std::move(series), begin, end, plan);
}

StackValues TestStore::SumOf(std::vector<SeriesId> series, absl::Time begin, absl::Time end,
                             Plan* plan) {
  const auto snapshot = Require(store_->NewSnapshot());
  const Plan made = Require(snapshot->MakePlan(begin, end, std::move(series)));
  if (plan != nullptr) *plan = made;
  StackValues sum;
  bool saturated = false;
  const auto visit = [&](std::unique_ptr<ColumnHandle> column) -> absl::Status {
    ColumnHeader header;
    absl::StatusOr<std::vector<Pair>> pairs = DecodeColumn(column->encoded(), &header);
    if (!pairs.ok()) return pairs.status();
    Digest digest = 0;
    for (const Pair& pair : *pairs) {
      uint64_t& value = sum[Folded(snapshot->tree(), StackId{pair.stack})];
      value = SaturatingAdd(value, pair.value, &saturated);
      digest += pair.value * store_->dictionary().StackHash(StackId{pair.stack});
    }
    if (!header.saturated && digest != header.digest) {
      return DataLoss("a column does not match its digest");
    }
    return absl::OkStatus();
  };
  Require(snapshot->Read(made, visit, [] { return absl::OkStatus(); }));
  return sum;
}

}  // namespace flamekeep::storage
