#include "cli/part_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "cli/signals.h"

namespace flamekeep::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPartBufferBytes = size_t{256} << 10;
constexpr int kGzipOfZlib = 15 + 16;
constexpr int kMemoryOfZlib = 8;
constexpr mode_t kPartMode = 0644;

absl::Status CanNotWritePart(const std::string& path, int error) {
  return Error(absl::StatusCode::kUnavailable, "can not write {}: {}", path,
               std::generic_category().message(error));
}

absl::Status NoMemory(const std::string& path) {
  return Error(absl::StatusCode::kUnavailable, "can not write {}: no memory to compress it", path);
}

}  // namespace

Compression CompressionOf(std::string_view name) {
  if (name == "gz") return Compression::kGzip;
  return name == "zst" ? Compression::kZstd : Compression::kNone;
}

std::string_view EndingOf(Compression compression) {
  if (compression == Compression::kGzip) return ".gz";
  return compression == Compression::kZstd ? ".zst" : "";
}

absl::Status SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return CanNotWritePart(directory, errno);
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : CanNotWritePart(directory, error);
}

absl::StatusOr<std::unique_ptr<PartFile>> PartFile::Create(const std::string& path,
                                                           Compression compression) {
  const fs::path place(path);
  std::error_code error;
  if (place.has_parent_path()) fs::create_directories(place.parent_path(), error);
  if (error) return CanNotWritePart(path, error.value());
  std::string temporary = place.parent_path() / ("." + place.filename().string() + ".unfinished");
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPartMode);
  if (fd < 0) return CanNotWritePart(path, errno);
  SetUnfinishedFile(temporary);
  std::unique_ptr<PartFile> file(new PartFile(path, std::move(temporary), fd, compression));
  if (compression == Compression::kZstd && file->zstd_ == nullptr) return NoMemory(path);
  return file;
}

PartFile::PartFile(std::string path, std::string temporary, int fd, Compression compression)
    : path_(std::move(path)),
      temporary_(std::move(temporary)),
      fd_(fd),
      compression_(compression),
      out_(kPartBufferBytes, '\0') {
  if (compression == Compression::kGzip) {
    deflateInit2(&gzip_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipOfZlib, kMemoryOfZlib,
                 Z_DEFAULT_STRATEGY);
  } else if (compression == Compression::kZstd) {
    zstd_.reset(ZSTD_createCCtx());
    if (zstd_ != nullptr) ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
  }
}

PartFile::~PartFile() {
  if (compression_ == Compression::kGzip) deflateEnd(&gzip_);
  if (fd_ >= 0) close(fd_);
  if (temporary_.empty()) return;
  unlink(temporary_.c_str());
  SetUnfinishedFile("");
}

absl::Status PartFile::Write(std::string_view data) {
  in_ += data;
  if (in_.size() < kPartBufferBytes) return absl::OkStatus();
  const std::string full = std::exchange(in_, std::string());
  switch (compression_) {
    case Compression::kGzip:
      return CompressGzip(full, /*last=*/false);
    case Compression::kZstd:
      return CompressZstd(full, /*last=*/false);
    case Compression::kNone:
      break;
  }
  return WriteOut(full);
}

absl::Status PartFile::CompressGzip(std::string_view data, bool last) {
  gzip_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // not changed
  gzip_.avail_in = static_cast<uInt>(data.size());
  do {
    gzip_.next_out = reinterpret_cast<Bytef*>(out_.data());
    gzip_.avail_out = static_cast<uInt>(out_.size());
    // What has no state was not given the memory for it.
    if (deflate(&gzip_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) return NoMemory(path_);
    FLAMEKEEP_RETURN_IF_ERROR(
        WriteOut(std::string_view(out_).substr(0, out_.size() - gzip_.avail_out)));
  } while (gzip_.avail_out == 0);
  return absl::OkStatus();
}

absl::Status PartFile::CompressZstd(std::string_view data, bool last) {
  ZSTD_inBuffer in = {data.data(), data.size(), 0};
  while (true) {
    ZSTD_outBuffer out = {out_.data(), out_.size(), 0};
    const size_t left =
        ZSTD_compressStream2(zstd_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return NoMemory(path_);
    FLAMEKEEP_RETURN_IF_ERROR(WriteOut(std::string_view(out_).substr(0, out.pos)));
    if (last ? left == 0 : in.pos == in.size) return absl::OkStatus();
  }
}

absl::Status PartFile::WriteOut(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return CanNotWritePart(path_, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> PartFile::Commit() {
  switch (compression_) {
    case Compression::kGzip:
      FLAMEKEEP_RETURN_IF_ERROR(CompressGzip(in_, /*last=*/true));
      break;
    case Compression::kZstd:
      FLAMEKEEP_RETURN_IF_ERROR(CompressZstd(in_, /*last=*/true));
      break;
    case Compression::kNone:
      FLAMEKEEP_RETURN_IF_ERROR(WriteOut(in_));
      break;
  }
  in_.clear();
  if (fsync(fd_) != 0) return CanNotWritePart(path_, errno);
  if (close(std::exchange(fd_, -1)) != 0) return CanNotWritePart(path_, errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return CanNotWritePart(path_, errno);
  temporary_.clear();
  SetUnfinishedFile("");
  const std::string parent = fs::path(path_).parent_path();
  FLAMEKEEP_RETURN_IF_ERROR(SyncDirectory(parent.empty() ? "." : parent));
  return size_;
}

}  // namespace flamekeep::cli
