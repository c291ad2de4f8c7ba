#include "storage/check.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

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

class Checker {
 public:
  Checker(const Database& database, const Dictionary& dictionary, const Catalog& catalog,
          const LevelState& levels)
      : database_(database),
        dictionary_(dictionary),
        levels_(levels),
        sites_(catalog.sites().size()),
        series_(catalog.series().size()),
        sources_(catalog.sources().size()),
        stacks_(dictionary.tree().size()) {}

  void Run() {
    absl::StatusOr<std::optional<DeletionRecord>> deletion =
        ReadDeletion(database_, rocksdb::ReadOptions());
    if (deletion.ok()) {
      deletion_ = *std::move(deletion);
    } else {
      Fault(Message(deletion.status()));
    }
    for (std::string& fault : dictionary_.Check()) Fault(std::move(fault));
    Digests finer;  // of the level before, added up to buckets of this one
    bool finer_complete = false;
    for (const Level level : kLevels) {
      Digests rolled;
      Digests all;
      const bool complete = ReadLevel(level, &rolled, &all);
      // Sums of what was read in part would be wrong in many places.
      if (complete && finer_complete) CompareRolled(level, rolled, finer);
      finer.clear();
      finer_complete = complete;
      if (level == Level::kYear) break;
      for (const auto& [where, digest] : all) {
        const Minute parent = BucketAt(Coarser(level), where.first.second).start;
        finer[{{where.first.first, parent}, where.second}] += digest;
      }
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

  // Whether the level could be read to its end.
  bool ReadLevel(Level level, Digests* rolled, Digests* all) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const auto it = std::unique_ptr<rocksdb::Iterator>(
        database_.db()->NewIterator(options, database_.level(level)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const absl::StatusOr<ColumnKey> key = DecodeColumnKey(View(it->key()));
      if (!key.ok()) {
        Fault(fmt::format("the {} level holds a malformed key", LevelName(level)));
        continue;
      }
      // Below the floor nothing counts; it only waits to be freed.
      if (key->start < levels_.floors(key->site)[static_cast<size_t>(level)]) continue;
      // So does what is being deleted.
      if (deletion_.has_value() && deletion_->Covers(level, *key)) continue;
      const Digest digest = CheckColumn(level, *key, View(it->value()));
      const BucketSeries where{{key->site, key->start}, key->series};
      (*all)[where] += digest;
      if (key->part == Part::kRolled) (*rolled)[where] += digest;
    }
    if (it->status().ok()) return true;
    Fault(fmt::format("the {} level can not be read to its end: {}", LevelName(level),
                      it->status().ToString()));
    return false;
  }

  // Returns the digest that the column states.
  Digest CheckColumn(Level level, const ColumnKey& key, std::string_view encoded) {
    const std::string name =
        fmt::format("the {} column {} of site {}, series {}, source {}", LevelName(level),
                    FormatMinute(key.start), Raw(key.site), Raw(key.series), Raw(key.source));
    if (Raw(key.site) >= sites_ || Raw(key.series) >= series_ || Raw(key.source) >= sources_) {
      Fault(name + " has an owner that is not in the registry");
    }
    ColumnReader reader;
    absl::Status status = reader.Open(encoded);
    if (!status.ok()) {
      Fault(fmt::format("{} is damaged: {}", name, Message(status)));
      return 0;
    }
    Digest digest = 0;
    bool known = true;
    while (reader.Next()) {
      for (size_t i = 0; i < reader.size(); ++i) {
        if (reader.stacks()[i] >= stacks_) {
          known = false;
          continue;
        }
        digest += reader.value(i) * dictionary_.StackHash(StackId{reader.stacks()[i]});
      }
    }
    if (!reader.status().ok()) {
      Fault(fmt::format("{} is damaged: {}", name, Message(reader.status())));
    } else if (!known) {
      Fault(name + " holds stacks that are not in the dictionary");
    } else if (!reader.header().saturated && digest != reader.header().digest) {
      Fault(name + " does not match its digest");
    }
    return reader.header().digest;
  }

  void CompareRolled(Level level, const Digests& rolled, const Digests& finer) {
    const auto digest_of = [](const Digests& digests, const BucketSeries& where) {
      const auto it = digests.find(where);
      return it == digests.end() ? Digest{0} : it->second;
    };
    const auto compare = [&](const BucketSeries& where) {
      const auto& [site, start] = where.first;
      if (levels_.mark({{level, start}, site}).has_value()) return;
      if (levels_.floors(site)[static_cast<size_t>(Finer(level))] > start) return;
      if (digest_of(rolled, where) == digest_of(finer, where)) return;
      Fault(fmt::format("the {} {} of site {}, series {} is not the sum of its {}s",
                        LevelName(level), FormatMinute(start), Raw(site), Raw(where.second),
                        LevelName(Finer(level))));
    };
    for (const auto& [where, digest] : rolled) compare(where);
    for (const auto& [where, digest] : finer) {
      if (!rolled.contains(where)) compare(where);
    }
  }

  const Database& database_;
  const Dictionary& dictionary_;
  const LevelState& levels_;
  const size_t sites_;
  const size_t series_;
  const size_t sources_;
  const uint32_t stacks_;
  std::optional<DeletionRecord> deletion_;
  std::vector<std::string> faults_;
  size_t faults_count_ = 0;
};

}  // namespace

std::vector<std::string> CheckStore(const Database& database, const Dictionary& dictionary,
                                    const Catalog& catalog, const LevelState& levels) {
  Checker checker(database, dictionary, catalog, levels);
  checker.Run();
  return checker.TakeFaults();
}

}  // namespace flamekeep::storage
