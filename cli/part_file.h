// A file of an export, compressed while it is written, that appears whole and for good or not at
// all: it is written beside its place under a name that starts with a dot, which readers of
// partitioned data pass over, synced, renamed, and its directory is synced.
//
// Equal content gives equal bytes.
//
// Thread safety: none; one file at a time in a process (its unfinished file is removed on a
// signal). Errors: UNAVAILABLE, one sentence that names the file.
#ifndef FLAMEKEEP_CLI_PART_FILE_H_
#define FLAMEKEEP_CLI_PART_FILE_H_

#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/input.h"

namespace flamekeep::cli {

// "none", "gz", "zst". REQUIRES: one of these.
Compression CompressionOf(std::string_view name);
// "", ".gz", ".zst"
std::string_view EndingOf(Compression compression);

class PartFile {
 public:
  // Directories on the way are made.
  static absl::StatusOr<std::unique_ptr<PartFile>> Create(const std::string& path,
                                                          Compression compression);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  absl::Status Write(std::string_view data);
  // Puts the file into its place; returns its size.
  absl::StatusOr<uint64_t> Commit();

 private:
  struct FreeZstd {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  PartFile(std::string path, std::string temporary, int fd, Compression compression);
  absl::Status CompressGzip(std::string_view data, bool last);
  absl::Status CompressZstd(std::string_view data, bool last);
  absl::Status WriteOut(std::string_view bytes);

  const std::string path_;
  std::string temporary_;  // empty once it is in its place
  int fd_;
  const Compression compression_;
  z_stream gzip_ = {};
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd_;
  std::string in_;   // not compressed yet
  std::string out_;  // scratch
  uint64_t size_ = 0;
};

// Makes what was renamed, made or removed in a directory outlast a power cut.
absl::Status SyncDirectory(const std::string& directory);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_PART_FILE_H_
