#include "storage/fault_env.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace flamekeep::storage {
namespace {

class FaultFile final : public rocksdb::WritableFileWrapper {
 public:
  FaultFile(std::string name, std::unique_ptr<rocksdb::WritableFile> file, FaultEnv* env)
      : WritableFileWrapper(file.get()),
        name_(std::move(name)),
        file_(std::move(file)),
        env_(env) {}

  rocksdb::Status Append(const rocksdb::Slice& data) override {
    if (rocksdb::Status status = env_->Change(); !status.ok()) return status;
    return file_->Append(data);
  }
  rocksdb::Status Append(const rocksdb::Slice& data,
                         const rocksdb::DataVerificationInfo& info) override {
    if (rocksdb::Status status = env_->Change(); !status.ok()) return status;
    return file_->Append(data, info);
  }
  rocksdb::Status Sync() override {
    if (rocksdb::Status status = env_->Change(); !status.ok()) return status;
    return Remember(file_->Sync());
  }
  rocksdb::Status Fsync() override {
    if (rocksdb::Status status = env_->Change(); !status.ok()) return status;
    return Remember(file_->Fsync());
  }

 private:
  rocksdb::Status Remember(rocksdb::Status status) {
    if (status.ok()) env_->Synced(name_, file_->GetFileSize());
    return status;
  }

  const std::string name_;
  const std::unique_ptr<rocksdb::WritableFile> file_;
  FaultEnv* const env_;
};

class FaultReadFile final : public rocksdb::RandomAccessFileWrapper {
 public:
  FaultReadFile(std::unique_ptr<rocksdb::RandomAccessFile> file, FaultEnv* env)
      : RandomAccessFileWrapper(file.get()), file_(std::move(file)), env_(env) {}

  rocksdb::Status Read(uint64_t offset, size_t size, rocksdb::Slice* result,
                       char* scratch) const override {
    if (rocksdb::Status status = env_->Read(); !status.ok()) return status;
    return file_->Read(offset, size, result, scratch);
  }

 private:
  const std::unique_ptr<rocksdb::RandomAccessFile> file_;
  FaultEnv* const env_;
};

}  // namespace

void FaultEnv::Fail(int after, int count) {
  absl::MutexLock lock(&mutex_);
  pass_ = after;
  fail_ = count;
  changes_ = 0;
}

int FaultEnv::changes() const {
  absl::MutexLock lock(&mutex_);
  return changes_;
}

rocksdb::Status FaultEnv::Change() {
  absl::MutexLock lock(&mutex_);
  ++changes_;
  if (pass_ > 0) {
    --pass_;
    return rocksdb::Status::OK();
  }
  if (fail_ == 0) return rocksdb::Status::OK();
  if (fail_ != kForever) --fail_;
  return rocksdb::Status::IOError("injected fault");
}

void FaultEnv::FailReads(int count) {
  absl::MutexLock lock(&mutex_);
  fail_reads_ = count;
}

rocksdb::Status FaultEnv::Read() {
  absl::MutexLock lock(&mutex_);
  if (fail_reads_ == 0) return rocksdb::Status::OK();
  if (fail_reads_ != kForever) --fail_reads_;
  return rocksdb::Status::IOError("injected fault in reading");
}

void FaultEnv::Synced(const std::string& name, uint64_t length) {
  absl::MutexLock lock(&mutex_);
  synced_[name] = length;
}

void FaultEnv::LoseUnsynced() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, length] : synced_) {
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(name, error);
    if (!error && size > length) std::filesystem::resize_file(name, length, error);
  }
  synced_.clear();
}

rocksdb::Status FaultEnv::NewWritableFile(const std::string& name,
                                          std::unique_ptr<rocksdb::WritableFile>* file,
                                          const rocksdb::EnvOptions& options) {
  if (rocksdb::Status status = Change(); !status.ok()) return status;
  std::unique_ptr<rocksdb::WritableFile> inner;
  if (rocksdb::Status status = EnvWrapper::NewWritableFile(name, &inner, options); !status.ok()) {
    return status;
  }
  Synced(name, 0);
  *file = std::make_unique<FaultFile>(name, std::move(inner), this);
  return rocksdb::Status::OK();
}

rocksdb::Status FaultEnv::NewRandomAccessFile(const std::string& name,
                                              std::unique_ptr<rocksdb::RandomAccessFile>* file,
                                              const rocksdb::EnvOptions& options) {
  std::unique_ptr<rocksdb::RandomAccessFile> inner;
  if (rocksdb::Status status = EnvWrapper::NewRandomAccessFile(name, &inner, options);
      !status.ok()) {
    return status;
  }
  *file = std::make_unique<FaultReadFile>(std::move(inner), this);
  return rocksdb::Status::OK();
}

rocksdb::Status FaultEnv::DeleteFile(const std::string& name) {
  if (rocksdb::Status status = Change(); !status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    synced_.erase(name);
  }
  return EnvWrapper::DeleteFile(name);
}

rocksdb::Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  if (rocksdb::Status status = Change(); !status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    if (const auto it = synced_.find(from); it != synced_.end()) {
      synced_[to] = it->second;
      synced_.erase(from);
    }
  }
  return EnvWrapper::RenameFile(from, to);
}

rocksdb::Status FaultEnv::LockFile(const std::string& name, rocksdb::FileLock** lock) {
  if (rocksdb::Status status = Change(); !status.ok()) return status;
  return EnvWrapper::LockFile(name, lock);
}

}  // namespace flamekeep::storage
