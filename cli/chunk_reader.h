// Cuts an input into chunks of whole lines, about a megabyte each.
//
// The last line of a file that may still be written to is left out while it has no newline: it
// comes with the next import, whole. A line that is longer than kMaxLineBytes is cut (the server,
// which takes far less, counts it as rejected); its rest is skipped.
//
// Thread safety: none. Errors: those of Input.
#ifndef FLAMEKEEP_CLI_CHUNK_READER_H_
#define FLAMEKEEP_CLI_CHUNK_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/content.h"
#include "cli/input.h"

namespace flamekeep::cli {

class ChunkReader {
 public:
  static constexpr size_t kChunkBytes = size_t{1} << 20;
  static constexpr size_t kMaxLineBytes = size_t{2} << 20;

  // Reads on from where the input stands, at the start of a line. `hasher` may be null; it sees
  // every byte up to the end of the last chunk. With `is_finished`, the end of the input ends a
  // line too. Neither pointer is owned.
  ChunkReader(Input* input, ContentHasher* hasher, bool is_finished)
      : input_(input), hasher_(hasher), is_finished_(is_finished) {}

  // Replaces what `chunk` holds, whose memory is used again. False at the end.
  absl::StatusOr<bool> Next(std::string* chunk);

  // After the end: the bytes of the last line, if it was left out.
  uint64_t left_out() const { return left_out_; }

 private:
  absl::StatusOr<size_t> Fill(std::string* chunk, size_t filled);
  absl::StatusOr<bool> SkipLine();
  void Hash(std::string_view data) {
    if (hasher_ != nullptr) hasher_->Update(data);
  }

  Input* const input_;
  ContentHasher* const hasher_;
  const bool is_finished_;
  std::string carry_;  // read, and behind the last chunk
  bool at_end_ = false;
  uint64_t left_out_ = 0;
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_CHUNK_READER_H_
