#include "storage/derived_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "base/status.h"
#include "storage/format.h"
#include "storage/system_error.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kHeaderBytes = sizeof(DerivedHeader);
constexpr size_t kHashedHeaderBytes = kHeaderBytes - sizeof(uint64_t);

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

uint64_t HeaderHash(const DerivedHeader& header) {
  return XXH3_64bits(&header, kHashedHeaderBytes);
}

bool HeaderFits(const DerivedHeader& header, const DerivedFileId& id) {
  return header.header_xxh3 == HeaderHash(header) && header.magic == id.magic &&
         header.format == kDerivedFormat && header.first_block == id.first_block &&
         header.end_block == id.end_block && header.entries == id.entries &&
         header.payload_bytes == id.payload_bytes;
}

absl::Status SyncDirectory(const std::string& directory) {
  const FileDescriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0) return SystemError("sync", directory);
  return absl::OkStatus();
}

}  // namespace

std::string DerivedFileId::name() const {
  if (magic == kNodesMagic) return fmt::format("nodes-{:08}.fkn", first_block);
  return fmt::format("index-{:08}-{:08}.fki", first_block, end_block);
}

absl::StatusOr<std::shared_ptr<const DerivedFile>> DerivedFile::Open(const std::string& directory,
                                                                     const DerivedFileId& id) {
  std::string path = directory + "/" + id.name();
  const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (fd.get() < 0 || fstat(fd.get(), &info) != 0) return SystemError("open", path);
  const uint64_t bytes = kHeaderBytes + id.payload_bytes;
  if (static_cast<uint64_t>(info.st_size) != bytes) {
    return DataLoss("{} has {} bytes instead of {}", path, info.st_size, bytes);
  }
  void* const data = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return SystemError("map", path);
  std::shared_ptr<const DerivedFile> file(
      new DerivedFile(id, std::move(path), static_cast<const char*>(data)));
  DerivedHeader header;
  std::memcpy(&header, data, sizeof(header));
  if (!HeaderFits(header, id)) return DataLoss("{} has a damaged header", file->path());
  return file;
}

DerivedFile::DerivedFile(const DerivedFileId& id, std::string path, const char* data)
    : id_(id), path_(std::move(path)), data_(data) {}

DerivedFile::~DerivedFile() { munmap(const_cast<char*>(data_), file_bytes()); }

uint64_t DerivedFile::file_bytes() const { return kHeaderBytes + id_.payload_bytes; }

std::string_view DerivedFile::payload() const { return {data_ + kHeaderBytes, id_.payload_bytes}; }

absl::Status DerivedFile::VerifyChecksum() const {
  DerivedHeader header;
  std::memcpy(&header, data_, sizeof(header));
  if (header.payload_xxh3 != XXH3_64bits(payload().data(), payload().size())) {
    return DataLoss("{} does not match its checksum", path_);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DerivedFileWriter>> DerivedFileWriter::Create(
    const std::string& directory, const DerivedFileId& id) {
  const std::string path = directory + "/" + id.name() + ".tmp";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError("create", path);
  std::unique_ptr<DerivedFileWriter> writer(new DerivedFileWriter(directory, id, fd));
  writer->temporary_path_ = path;
  if (ftruncate(fd, static_cast<off_t>(kHeaderBytes + id.payload_bytes)) != 0) {
    return SystemError("enlarge", path);
  }
  return writer;
}

DerivedFileWriter::DerivedFileWriter(std::string directory, const DerivedFileId& id, int fd)
    : directory_(std::move(directory)), id_(id), fd_(fd) {}

DerivedFileWriter::~DerivedFileWriter() {
  close(fd_);
  if (!finished_) unlink(temporary_path_.c_str());
}

absl::Status DerivedFileWriter::Write(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(kHeaderBytes + offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError("write", temporary_path_);
    }
    offset += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status DerivedFileWriter::Finish() {
  // Parts come in any order, so the payload is hashed where it stands.
  const uint64_t bytes = kHeaderBytes + id_.payload_bytes;
  void* const data = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd_, 0);
  if (data == MAP_FAILED) return SystemError("map", temporary_path_);
  DerivedHeader header{.magic = id_.magic,
                       .first_block = id_.first_block,
                       .end_block = id_.end_block,
                       .payload_bytes = id_.payload_bytes,
                       .entries = id_.entries,
                       .payload_xxh3 = XXH3_64bits(static_cast<const char*>(data) + kHeaderBytes,
                                                   id_.payload_bytes)};
  munmap(data, bytes);
  header.header_xxh3 = HeaderHash(header);
  if (pwrite(fd_, &header, sizeof(header), 0) != static_cast<ssize_t>(sizeof(header))) {
    return SystemError("write", temporary_path_);
  }
  if (fsync(fd_) != 0) return SystemError("sync", temporary_path_);
  const std::string path = directory_ + "/" + id_.name();
  if (rename(temporary_path_.c_str(), path.c_str()) != 0) {
    return SystemError("rename", temporary_path_);
  }
  finished_ = true;
  return SyncDirectory(directory_);
}

absl::Status DerivedFileStream::Flush() {
  const absl::Status status = writer_->Write(offset_, buffer_);
  offset_ += buffer_.size();
  buffer_.clear();
  return status;
}

}  // namespace flamekeep::storage
