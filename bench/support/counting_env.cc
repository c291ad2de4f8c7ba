#include "bench/support/counting_env.h"

#include <rocksdb/file_system.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"

namespace flamekeep::bench {
namespace {

class CountingFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  CountingFile(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile> file,
               std::shared_ptr<WrittenBytes> written)
      : FSWritableFileOwnerWrapper(std::move(file)),
        is_log_(absl::EndsWith(name, ".log")),
        is_table_(absl::EndsWith(name, ".sst")),
        written_(std::move(written)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    Count(data.size());
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* debug) override {
    Count(data.size());
    return FSWritableFileOwnerWrapper::Append(data, options, info, debug);
  }

 private:
  void Count(size_t bytes) {
    if (is_log_) {
      written_->log += bytes;
    } else if (!is_table_) {
      written_->other += bytes;
    } else if (GetIOPriority() == rocksdb::Env::IO_LOW) {  // as compactions set it
      written_->compacted += bytes;
    } else {
      written_->flushed += bytes;
    }
  }

  const bool is_log_;
  const bool is_table_;
  const std::shared_ptr<WrittenBytes> written_;
};

class CountingFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit CountingFileSystem(std::shared_ptr<WrittenBytes> written)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), written_(std::move(written)) {}

  const char* Name() const override { return "CountingFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (status.ok()) *file = std::make_unique<CountingFile>(name, std::move(*file), written_);
    return status;
  }

 private:
  const std::shared_ptr<WrittenBytes> written_;
};

}  // namespace

CountingEnv::CountingEnv()
    : written_(std::make_shared<WrittenBytes>()),
      env_(rocksdb::NewCompositeEnv(std::make_shared<CountingFileSystem>(written_))) {}

CountingEnv::~CountingEnv() = default;

}  // namespace flamekeep::bench
