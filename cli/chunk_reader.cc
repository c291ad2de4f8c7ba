#include "cli/chunk_reader.h"

#include <cstring>
#include <string_view>

#include "base/status.h"

namespace flamekeep::cli {

// Reads until the chunk is full or the input at its end; returns the bytes it then holds.
absl::StatusOr<size_t> ChunkReader::Fill(std::string* chunk, size_t filled) {
  while (filled < chunk->size() && !at_end_) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n,
                               input_->Read(chunk->data() + filled, chunk->size() - filled));
    at_end_ = n == 0;
    filled += n;
  }
  return filled;
}

absl::StatusOr<bool> ChunkReader::Next(std::string* chunk) {
  // Growing a string fills it with zeros; its old size is mostly right already.
  if (chunk->size() < kChunkBytes) chunk->resize(kChunkBytes);
  if (chunk->size() < carry_.size()) chunk->resize(carry_.size());
  std::memcpy(chunk->data(), carry_.data(), carry_.size());
  size_t filled = carry_.size();
  carry_.clear();
  while (true) {
    FLAMEKEEP_ASSIGN_OR_RETURN(filled, Fill(chunk, filled));
    const void* newline = memrchr(chunk->data(), '\n', filled);
    if (newline != nullptr) {
      const size_t end = static_cast<const char*>(newline) - chunk->data() + 1;
      // At the end of a finished input the last line comes along.
      if (end < filled && !(at_end_ && is_finished_)) {
        carry_.assign(*chunk, end, filled - end);
        filled = end;
      }
      break;
    }
    if (at_end_) {
      if (is_finished_ && filled > 0) break;
      left_out_ = filled;
      return false;
    }
    if (chunk->size() >= kMaxLineBytes) {
      chunk->resize(filled);
      Hash(*chunk);
      left_out_ = filled;
      FLAMEKEEP_ASSIGN_OR_RETURN(const bool has_end, SkipLine());
      if (!has_end && !is_finished_) return false;
      left_out_ = 0;
      return true;
    }
    chunk->resize(kMaxLineBytes);
  }
  chunk->resize(filled);
  Hash(*chunk);
  return true;
}

// The start of a line was a chunk of its own: skips the rest. False where the line has no end.
absl::StatusOr<bool> ChunkReader::SkipLine() {
  std::string buffer(kChunkBytes, '\0');
  while (!at_end_) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t filled, Fill(&buffer, 0));
    const std::string_view data(buffer.data(), filled);
    const size_t newline = data.find('\n');
    if (newline != std::string_view::npos) {
      Hash(data.substr(0, newline + 1));
      carry_ = data.substr(newline + 1);
      return true;
    }
    Hash(data);
    left_out_ += filled;
  }
  return false;
}

}  // namespace flamekeep::cli
