// Stores for tests: a temporary directory, a clock that stands still, and a way to write and read
// samples as text.
#ifndef FLAMEKEEP_STORAGE_STORE_TESTING_H_
#define FLAMEKEEP_STORAGE_STORE_TESTING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/database.h"
#include "storage/snapshot.h"
#include "storage/store.h"

namespace flamekeep::storage {

// Deleted with everything in it.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class TestClock {
 public:
  explicit TestClock(absl::Time now) : now_(now) {}
  absl::Time Now() const {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  void Set(absl::Time now) {
    absl::MutexLock lock(&mutex_);
    now_ = now;
  }
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

// Opens the RocksDB of a store that is closed: to damage it.
void EditDatabase(const std::string& directory, absl::FunctionRef<void(const Database&)> edit);
// Puts `value` under the key of the only column that the level has at `start`.
void OverwriteColumn(const Database& database, Level level, absl::Time start,
                     const std::string& value);

// The one table of a level of a store that is closed, after all of the level was written to it.
std::string TableOf(const std::string& directory, Level level);
// The same of another column family.
std::string TableOfFamily(const std::string& directory, std::string_view family);
// Turns the bits of 16 bytes of a file, from `offset` on; from the end if it is negative.
void DamageFile(const std::string& path, int64_t offset);

// Folded stack to value.
using StackValues = std::map<std::string, uint64_t>;

// No background work and nothing expires. The clock is not owned; null: 2027-01-15.
StoreOptions TestOptions(std::string directory, const TestClock* clock = nullptr);

// An open store whose errors end the test program.
class TestStore {
 public:
  explicit TestStore(StoreOptions options);
  explicit TestStore(std::string directory) : TestStore(TestOptions(std::move(directory))) {}

  Store* operator->() { return store_.get(); }
  Store& operator*() { return *store_; }

  // The store must be opened again before anything else.
  void Close() { store_.reset(); }
  // Closes and opens the store again, with other options if given.
  void Reopen();
  void Reopen(StoreOptions options);

  SeriesId Series(std::string_view profile, std::string_view site = "eqiad");
  Sample MakeSample(absl::Time time, std::string_view profile, std::string_view folded,
                    uint64_t value, std::string_view site = "eqiad");
  // Appends one sample and waits until it is durable.
  void Append(absl::Time time, std::string_view profile, std::string_view folded, uint64_t value,
              Level resolution = Level::kMinute, std::string_view site = "eqiad");
  // Replaces what "log" has in a bucket of "excimer"; each bucket is a source of numbers of its
  // own.
  void Replace(Level level, absl::Time start, const StackValues& content, uint64_t number,
               bool subtract_finer = false);
  absl::Status TryReplace(Level level, absl::Time start, const StackValues& content,
                          uint64_t number, bool subtract_finer);

  // The sum of some series over a range, proved against its digests.
  StackValues SumOf(std::vector<SeriesId> series, absl::Time begin, absl::Time end,
                    Plan* plan = nullptr);
  // That of a profile without labels.
  StackValues Sum(std::string_view profile, absl::Time begin, absl::Time end, Plan* plan = nullptr,
                  const std::vector<std::string>& sites = {"eqiad"});

 private:
  StackId Intern(std::string_view folded);
  std::string Folded(const StackTreeView& tree, StackId id) const;

  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_STORE_TESTING_H_
