// Derived files: written once, checksummed, synced, renamed into place, then only read through a
// memory map. Which of them count is said in RocksDB (DerivedRecord); layout: DerivedHeader.
//
// Thread safety: a DerivedFile is immutable; a writer belongs to one thread.
#ifndef FLAMEKEEP_STORAGE_DERIVED_FILE_H_
#define FLAMEKEEP_STORAGE_DERIVED_FILE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep::storage {

// What a file is, and therefore what it is called and what its header has to say.
struct DerivedFileId {
  std::array<char, 8> magic;
  uint32_t first_block = 0;
  uint32_t end_block = 0;
  uint64_t entries = 0;
  uint64_t payload_bytes = 0;

  // "nodes-00000007.fkn" or "index-00000004-00000008.fki".
  std::string name() const;
  bool operator==(const DerivedFileId&) const = default;
};

class DerivedFile {
 public:
  // Maps a file and checks its size and header, not the payload. Errors: NOT_FOUND, DATA_LOSS.
  static absl::StatusOr<std::shared_ptr<const DerivedFile>> Open(const std::string& directory,
                                                                 const DerivedFileId& id);
  ~DerivedFile();
  DerivedFile(const DerivedFile&) = delete;
  DerivedFile& operator=(const DerivedFile&) = delete;

  const DerivedFileId& id() const { return id_; }
  const std::string& path() const { return path_; }
  std::string_view payload() const;  // 64-byte aligned
  uint64_t file_bytes() const;

  // Reads everything. Errors: DATA_LOSS.
  absl::Status VerifyChecksum() const;

 private:
  DerivedFile(const DerivedFileId& id, std::string path, const char* data);

  DerivedFileId id_;
  std::string path_;
  const char* data_;
};

// Writes a derived file under a temporary name; parts of the payload may come in any order.
//
//   FLAMEKEEP_ASSIGN_OR_RETURN(auto writer, DerivedFileWriter::Create(directory, id));
//   FLAMEKEEP_RETURN_IF_ERROR(writer->Write(0, payload));
//   FLAMEKEEP_RETURN_IF_ERROR(writer->Finish());
class DerivedFileWriter {
 public:
  static absl::StatusOr<std::unique_ptr<DerivedFileWriter>> Create(const std::string& directory,
                                                                   const DerivedFileId& id);
  // Removes the temporary file unless Finish() was successful.
  ~DerivedFileWriter();
  DerivedFileWriter(const DerivedFileWriter&) = delete;
  DerivedFileWriter& operator=(const DerivedFileWriter&) = delete;

  // `offset` counts from the start of the payload.
  absl::Status Write(uint64_t offset, std::string_view bytes);
  // Writes the header, syncs the file, gives it its name and syncs the directory.
  absl::Status Finish();

 private:
  DerivedFileWriter(std::string directory, const DerivedFileId& id, int fd);

  std::string directory_;
  DerivedFileId id_;
  std::string temporary_path_;
  int fd_;
  bool finished_ = false;
};

// Collects small writes that follow each other into large ones.
class DerivedFileStream {
 public:
  DerivedFileStream(DerivedFileWriter* writer, uint64_t offset)
      : writer_(writer), offset_(offset) {}

  absl::Status Append(const void* bytes, size_t size) {
    buffer_.append(static_cast<const char*>(bytes), size);
    return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
  }
  absl::Status Flush();

 private:
  static constexpr size_t kBufferBytes = size_t{256} << 10;
  DerivedFileWriter* writer_;
  uint64_t offset_;
  std::string buffer_;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_DERIVED_FILE_H_
