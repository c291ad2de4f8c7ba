// A RocksDB Env for tests that fails writes and reads on command and can forget what was never
// synced, as a power cut does.
//
// Thread safety: all methods; LoseUnsynced() only while no file is open.
#ifndef FLAMEKEEP_STORAGE_FAULT_ENV_H_
#define FLAMEKEEP_STORAGE_FAULT_ENV_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace flamekeep::storage {

class FaultEnv final : public rocksdb::EnvWrapper {
 public:
  static constexpr int kForever = 1 << 30;

  FaultEnv() : EnvWrapper(rocksdb::Env::Default()) {}

  // Lets `after` changes of files succeed and then fails the next `count` of them.
  void Fail(int after, int count);
  // From now on nothing changes any more: what comes is lost, as if the process had been killed.
  void Freeze() { Fail(0, kForever); }
  // Works again.
  void Thaw() { Fail(0, 0); }
  // Fails the next `count` reads of table files; none if 0, all if kForever.
  void FailReads(int count);
  // Cuts every file that was written through this Env to the length of its last sync.
  void LoseUnsynced();
  // Changes tried since the last call of Fail().
  int changes() const;

  rocksdb::Status NewWritableFile(const std::string& name,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override;
  rocksdb::Status NewRandomAccessFile(const std::string& name,
                                      std::unique_ptr<rocksdb::RandomAccessFile>* file,
                                      const rocksdb::EnvOptions& options) override;
  rocksdb::Status DeleteFile(const std::string& name) override;
  rocksdb::Status RenameFile(const std::string& from, const std::string& to) override;
  rocksdb::Status LockFile(const std::string& name, rocksdb::FileLock** lock) override;
  // RocksDB rests for a second after each failed flush; tests have no time for that.
  void SleepForMicroseconds(int) override { EnvWrapper::SleepForMicroseconds(1000); }

  // For the files: whether the next change succeeds, and how much of a file is on disk for good.
  rocksdb::Status Change();
  rocksdb::Status Read();
  void Synced(const std::string& name, uint64_t length);

 private:
  mutable absl::Mutex mutex_;
  int pass_ ABSL_GUARDED_BY(mutex_) = 0;
  int fail_ ABSL_GUARDED_BY(mutex_) = 0;
  int fail_reads_ ABSL_GUARDED_BY(mutex_) = 0;
  int changes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, uint64_t> synced_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_FAULT_ENV_H_
