// The content of a file, a pipe or standard input, decompressed: gzip and zstd are known by their
// first bytes, whatever the name says; several members or frames one after the other are one
// content.
//
// Thread safety: none.
//
// Errors are one sentence that names the file; DATA_LOSS where compressed data is damaged or ends
// in its middle.
#ifndef FLAMEKEEP_CLI_INPUT_H_
#define FLAMEKEEP_CLI_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/raw_input.h"

namespace flamekeep::cli {

enum class Compression { kNone, kGzip, kZstd };

// Decompresses what it pulls from a RawInput.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Up to `size` bytes; 0 only at the end.
  virtual absl::StatusOr<size_t> Read(char* out, size_t size) = 0;
};

std::unique_ptr<Decoder> NewGzipDecoder(RawInput* raw);
std::unique_ptr<Decoder> NewZstdDecoder(RawInput* raw);

class Input {
 public:
  // "-" is standard input. Errors also: INVALID_ARGUMENT for a compression that is not known.
  static absl::StatusOr<std::unique_ptr<Input>> Open(const std::string& path);

  const RawInput& raw() const { return *raw_; }
  const std::string& name() const { return raw_->name(); }
  // Nobody writes to the content any more: it ends where it ends, newline or not.
  bool is_finished() const { return compression_ != Compression::kNone || !raw_->is_regular(); }

  // Up to `size` bytes; 0 only at the end.
  absl::StatusOr<size_t> Read(char* out, size_t size);

  // To the first byte; see RawInput.
  absl::Status Rewind();
  void ForgetStart() { raw_->ForgetStart(); }

 private:
  Input(std::unique_ptr<RawInput> raw, Compression compression)
      : raw_(std::move(raw)), compression_(compression) {}
  void MakeDecoder();

  const std::unique_ptr<RawInput> raw_;
  const Compression compression_;
  std::unique_ptr<Decoder> decoder_;  // null for kNone
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_INPUT_H_
