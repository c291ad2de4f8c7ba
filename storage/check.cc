#include "storage/check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "storage/column.h"
#include "storage/deletion.h"
#include "storage/format.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kMaxFaults = 100;

// What a series has in one bucket, all parts together or the rolled part alone.
using BucketSeries = std::pair<std::pair<SiteId, Minute>, SeriesId>;
using Digests = std::map<BucketSeries, Digest>;

// Compares the rolled parts of each level with the sums of the one below. Levels come in order.
class SumChecker {
 public:
  using WrongSum = absl::FunctionRef<void(const MarkKey& bucket, SeriesId series)>;

  explicit SumChecker(const LevelState& levels) : levels_(levels) {}

  void Add(const ColumnKey& key, Digest digest) {
    const BucketSeries where{{key.site, key.start}, key.series};
    all_[where] += digest;
    if (key.part == Part::kRolled) rolled_[where] += digest;
  }

  // Sums of a level that was read in part would be wrong in many places: `complete` is false.
  void EndLevel(Level level, bool complete, WrongSum visit) {
    if (complete && finer_complete_) Compare(level, visit);
    finer_.clear();
    finer_complete_ = complete;
    if (level != Level::kYear) {
      for (const auto& [where, digest] : all_) {
        const Minute parent = BucketAt(Coarser(level), where.first.second).start;
        finer_[{{where.first.first, parent}, where.second}] += digest;
      }
    }
    rolled_.clear();
    all_.clear();
  }

 private:
  void Compare(Level level, WrongSum visit) const {
    const auto digest_of = [](const Digests& digests, const BucketSeries& where) {
      const auto it = digests.find(where);
      return it == digests.end() ? Digest{0} : it->second;
    };
    const auto compare = [&](const BucketSeries& where) {
      const auto& [site, start] = where.first;
      if (levels_.mark({{level, start}, site}).has_value()) return;
      if (levels_.floors(site)[static_cast<size_t>(Finer(level))] > start) return;
      if (digest_of(rolled_, where) == digest_of(finer_, where)) return;
      visit({{level, start}, site}, where.second);
    };
    for (const auto& [where, digest] : rolled_) compare(where);
    for (const auto& [where, digest] : finer_) {
      if (!rolled_.contains(where)) compare(where);
    }
  }

  const LevelState& levels_;
  Digests rolled_;
  Digests all_;
  Digests finer_;  // of the level before, added up to buckets of this one
  bool finer_complete_ = false;
};

std::string NameOfColumn(Level level, const ColumnKey& key) {
  return fmt::format("the {} column {} of site {}, series {}, source {}", LevelName(level),
                     FormatMinute(key.start), Raw(key.site), Raw(key.series), Raw(key.source));
}

class Checker {
 public:
  Checker(const Database& database, const Dictionary& dictionary, const Catalog& catalog,
          const LevelState& levels)
      : database_(database),
        dictionary_(dictionary),
        levels_(levels),
        sites_(catalog.sites()),
        series_(catalog.series().size()),
        sources_(catalog.sources().size()),
        sums_(levels) {}

  void Run() {
    absl::StatusOr<std::optional<DeletionRecord>> deletion =
        ReadDeletion(database_, rocksdb::ReadOptions());
    if (deletion.ok()) {
      deletion_ = *std::move(deletion);
    } else {
      Fault(Message(deletion.status()));
    }
    for (std::string& fault : dictionary_.Check()) Fault(std::move(fault));
    for (const Level level : kLevels) {
      const bool complete = ReadLevel(level);
      sums_.EndLevel(level, complete, [&](const MarkKey& where, SeriesId series) {
        Fault(fmt::format("the {} {} of site {}, series {} is not the sum of its {}s",
                          LevelName(level), FormatMinute(where.bucket.start), Raw(where.site),
                          Raw(series), LevelName(Finer(level))));
      });
    }
  }

  std::vector<std::string> TakeFaults() {
    if (faults_count_ > faults_.size()) {
      faults_.push_back(fmt::format("and {} more faults", faults_count_ - faults_.size()));
    }
    return std::move(faults_);
  }

 private:
  void Fault(std::string sentence) {
    if (faults_count_++ < kMaxFaults) faults_.push_back(std::move(sentence));
  }

  // Whether all of the level could be read.
  bool ReadLevel(Level level) {
    const auto visit = [&](std::string_view encoded_key, std::string_view value) {
      const absl::StatusOr<ColumnKey> key = DecodeColumnKey(encoded_key);
      if (!key.ok()) {
        Fault(fmt::format("the {} level holds a malformed key", LevelName(level)));
        return absl::OkStatus();
      }
      // Below the floor nothing counts; it only waits to be freed.
      if (key->start < levels_.floors(key->site)[static_cast<size_t>(level)]) {
        return absl::OkStatus();
      }
      // So does what is being deleted.
      if (deletion_.has_value() && deletion_->Covers(level, *key)) return absl::OkStatus();
      CheckColumn(level, *key, value);
      const absl::StatusOr<ColumnHeader> header = DecodeHeader(value);
      sums_.Add(*key, header.ok() ? header->digest : 0);
      return absl::OkStatus();
    };
    const absl::StatusOr<std::vector<LostKeys>> lost =
        ReadSalvageable(database_.db(), database_.level(level), visit);
    if (!lost.ok()) {
      Fault(fmt::format("the {} level can not be read to its end: {}", LevelName(level),
                        Message(lost.status())));
      return false;
    }
    for (const LostKeys& range : *lost) {
      Fault(fmt::format("{} can not be read: {}", LostInWords(level, range, sites_), range.reason));
    }
    return lost->empty();
  }

  void CheckColumn(Level level, const ColumnKey& key, std::string_view encoded) {
    const std::string name = NameOfColumn(level, key);
    if (Raw(key.site) >= sites_.size() || Raw(key.series) >= series_ ||
        Raw(key.source) >= sources_) {
      Fault(name + " has an owner that is not in the registry");
    }
    const std::string fault = FaultOfColumn(encoded, dictionary_);
    if (!fault.empty()) Fault(fmt::format("{} {}", name, fault));
  }

  const Database& database_;
  const Dictionary& dictionary_;
  const LevelState& levels_;
  const std::vector<std::string> sites_;
  const size_t series_;
  const size_t sources_;
  SumChecker sums_;
  std::optional<DeletionRecord> deletion_;
  std::vector<std::string> faults_;
  size_t faults_count_ = 0;
};

// The site and the minute that a key of a level begins with, however short it is.
std::pair<uint32_t, Minute> SiteAndMinute(std::string key) {
  key.resize(kColumnKeyBytes);
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>(key[i])}; };
  return {byte(0) << 8 | byte(1), byte(2) << 24 | byte(3) << 16 | byte(4) << 8 | byte(5)};
}

}  // namespace

std::vector<std::string> CheckStore(const Database& database, const Dictionary& dictionary,
                                    const Catalog& catalog, const LevelState& levels) {
  Checker checker(database, dictionary, catalog, levels);
  checker.Run();
  return checker.TakeFaults();
}

absl::StatusOr<std::vector<MarkKey>> WrongSums(const Database& database, const LevelState& levels) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<DeletionRecord> deletion,
                             ReadDeletion(database, rocksdb::ReadOptions()));
  std::vector<MarkKey> wrong;
  SumChecker sums(levels);
  for (const Level level : kLevels) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const auto it = std::unique_ptr<rocksdb::Iterator>(
        database.db()->NewIterator(options, database.level(level)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnKey key, DecodeColumnKey(View(it->key())));
      if (key.start < levels.floors(key.site)[static_cast<size_t>(level)]) continue;
      if (deletion.has_value() && deletion->Covers(level, key)) continue;
      FLAMEKEEP_ASSIGN_OR_RETURN(const ColumnHeader header, DecodeHeader(View(it->value())));
      sums.Add(key, header.digest);
    }
    FLAMEKEEP_RETURN_IF_ERROR(FromRocksDb(it->status(), "reading columns"));
    sums.EndLevel(level, /*complete=*/true,
                  [&](const MarkKey& bucket, SeriesId) { wrong.push_back(bucket); });
  }
  return wrong;
}

std::string FaultOfColumn(std::string_view encoded, const Dictionary& dictionary) {
  const uint32_t stacks = dictionary.tree().size();
  ColumnReader reader;
  const absl::Status status = reader.Open(encoded);
  if (!status.ok()) return fmt::format("is damaged: {}", Message(status));
  Digest digest = 0;
  bool known = true;
  while (reader.Next()) {
    for (size_t i = 0; i < reader.size(); ++i) {
      if (reader.stacks()[i] >= stacks) {
        known = false;
        continue;
      }
      digest += reader.value(i) * dictionary.StackHash(StackId{reader.stacks()[i]});
    }
  }
  if (!reader.status().ok()) return fmt::format("is damaged: {}", Message(reader.status()));
  if (!known) return "holds stacks that are not in the dictionary";
  const ColumnHeader& header = reader.header();
  return header.saturated || digest == header.digest ? "" : "does not match its digest";
}

std::string LostInWords(Level level, const LostKeys& lost, const std::vector<std::string>& sites) {
  const auto [first_site, first] = SiteAndMinute(lost.begin);
  const auto [last_site, last] = SiteAndMinute(lost.end);
  const auto name = [&](uint32_t site) {
    return site < sites.size() ? fmt::format("\"{}\"", sites[site]) : fmt::to_string(site);
  };
  const std::string what = fmt::format("{}s", LevelName(level));
  if (first_site == last_site && first == 0) {
    return fmt::format("some {} of site {} up to {}", what, name(first_site), FormatMinute(last));
  }
  if (first_site == last_site) {
    return fmt::format("some {} of site {} from {} to {}", what, name(first_site),
                       FormatMinute(first), FormatMinute(last));
  }
  return fmt::format("some {} from {} of site {} to {} of site {}", what, FormatMinute(first),
                     name(first_site), FormatMinute(last), name(last_site));
}

MinuteRange MinutesOf(const LostKeys& lost, SiteId site) {
  const auto [first_site, first] = SiteAndMinute(lost.begin);
  const auto [last_site, last] = SiteAndMinute(lost.end);
  const uint32_t wanted = Raw(site);
  if (wanted < first_site || wanted > last_site) return {};
  return {wanted == first_site ? std::min(first, kMaxMinute) : 0,
          wanted == last_site ? std::min(last, kMaxMinute) + 1 : kMaxMinute};
}

}  // namespace flamekeep::storage
