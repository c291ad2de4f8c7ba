// The decoders of input.h.
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <vector>

#include "base/status.h"
#include "cli/input.h"

namespace flamekeep::cli {
namespace {

constexpr size_t kInputBytes = 256 << 10;

absl::Status Truncated(const RawInput& raw) {
  return DataLoss(
      "{} ends in the middle of its compressed data: it is damaged or still being written",
      raw.name());
}

absl::Status Damaged(const RawInput& raw, const char* reason) {
  return DataLoss("{} is damaged: {}", raw.name(), reason);
}

class GzipDecoder final : public Decoder {
 public:
  explicit GzipDecoder(RawInput* raw) : raw_(raw), buffer_(kInputBytes) {
    constexpr int kGzipFormat = 16;
    initialized_ = inflateInit2(&stream_, MAX_WBITS + kGzipFormat) == Z_OK;
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    if (!initialized_) return absl::ResourceExhaustedError("no memory for a gzip decoder");
    size = std::min<size_t>(size, UINT_MAX);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        FLAMEKEEP_ASSIGN_OR_RETURN(
            const size_t n, raw_->Read(reinterpret_cast<char*>(buffer_.data()), buffer_.size()));
        if (n == 0) {
          if (in_member_) return Truncated(*raw_);
          return 0;
        }
        stream_.next_in = buffer_.data();
        stream_.avail_in = static_cast<uInt>(n);
      }
      if (!in_member_) {
        // As gzip does: zeros behind the last member are padding.
        while (first_done_ && stream_.avail_in > 0 && *stream_.next_in == 0) {
          ++stream_.next_in;
          --stream_.avail_in;
        }
        if (stream_.avail_in == 0) continue;
        inflateReset(&stream_);
        in_member_ = true;
      }
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        in_member_ = false;
        first_done_ = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return Damaged(*raw_, stream_.msg != nullptr ? stream_.msg : "not gzip data");
      }
    }
    return size - stream_.avail_out;
  }

 private:
  RawInput* const raw_;
  std::vector<Bytef> buffer_;
  z_stream stream_ = {};
  bool initialized_ = false;
  bool in_member_ = false;
  bool first_done_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(RawInput* raw)
      : raw_(raw), buffer_(kInputBytes), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    // Files made with --long=31 as well.
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax,
                           ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound);
  }

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    ZSTD_outBuffer output = {out, size, 0};
    while (output.pos == 0) {
      // Once all input is taken in, the decoder may still hold output.
      if (input_.pos == input_.size && !may_hold_output_) {
        FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, raw_->Read(buffer_.data(), buffer_.size()));
        if (n == 0) {
          if (in_frame_) return Truncated(*raw_);
          return 0;
        }
        input_ = {buffer_.data(), n, 0};
      }
      const size_t result = ZSTD_decompressStream(stream_.get(), &output, &input_);
      if (ZSTD_isError(result) != 0) return Damaged(*raw_, ZSTD_getErrorName(result));
      // Zero: a frame has ended and is flushed; asking on would begin another one.
      in_frame_ = result != 0;
      may_hold_output_ = in_frame_ && output.pos == output.size;
    }
    return output.pos;
  }

 private:
  RawInput* const raw_;
  std::vector<char> buffer_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  ZSTD_inBuffer input_ = {nullptr, 0, 0};
  bool in_frame_ = false;
  bool may_hold_output_ = false;
};

}  // namespace

std::unique_ptr<Decoder> NewGzipDecoder(RawInput* raw) {
  return std::make_unique<GzipDecoder>(raw);
}
std::unique_ptr<Decoder> NewZstdDecoder(RawInput* raw) {
  return std::make_unique<ZstdDecoder>(raw);
}

}  // namespace flamekeep::cli
