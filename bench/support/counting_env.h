// A RocksDB Env that counts what is written to files, by what it is written for.
//
// Thread safety: all methods.
#ifndef FLAMEKEEP_BENCH_SUPPORT_COUNTING_ENV_H_
#define FLAMEKEEP_BENCH_SUPPORT_COUNTING_ENV_H_

#include <rocksdb/env.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace flamekeep::bench {

// Bytes since the Env was made.
struct WrittenBytes {
  std::atomic<uint64_t> log{0};        // write-ahead: the batches that were committed
  std::atomic<uint64_t> flushed{0};    // tables written from memory
  std::atomic<uint64_t> compacted{0};  // tables written from tables
  std::atomic<uint64_t> other{0};      // manifest, options
};

class CountingEnv {
 public:
  CountingEnv();
  ~CountingEnv();

  rocksdb::Env* env() const { return env_.get(); }
  const WrittenBytes& written() const { return *written_; }

 private:
  const std::shared_ptr<WrittenBytes> written_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_COUNTING_ENV_H_
