#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/status.h"

namespace flamekeep {
namespace {

constexpr int kGzipBits = 15 + 16;  // zlib's way to ask for gzip
constexpr int kMemoryLevel = 8;
constexpr size_t kStepBytes = size_t{64} << 10;

absl::Status NoMemory() {
  return absl::ResourceExhaustedError("there is no memory for zlib: try again later");
}

// Gives zlib as much of `data` as it can count.
void Feed(std::string_view* data, z_stream* stream) {
  if (stream->avail_in != 0) return;
  const size_t bytes = std::min<size_t>(data->size(), std::numeric_limits<uInt>::max());
  // zlib does not change its input.
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data->data()));
  stream->avail_in = static_cast<uInt>(bytes);
  data->remove_prefix(bytes);
}

class Inflater {
 public:
  Inflater() : ready_(inflateInit2(&stream_, kGzipBits) == Z_OK) {}
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  absl::StatusOr<std::string> Run(std::string_view packed, size_t max_bytes) {
    if (!ready_) return NoMemory();
    std::string out;
    std::array<char, kStepBytes> step;
    bool whole = false;  // at the end of a member
    while (true) {
      Feed(&packed, &stream_);
      if (stream_.avail_in == 0 && whole) return out;
      if (whole) inflateReset(&stream_);
      stream_.next_out = reinterpret_cast<Bytef*>(step.data());
      stream_.avail_out = static_cast<uInt>(step.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      out.append(step.data(), step.size() - stream_.avail_out);
      if (out.size() > max_bytes) {
        return Error(absl::StatusCode::kResourceExhausted,
                     "it unpacks to more than {} bytes: send less at once", max_bytes);
      }
      whole = result == Z_STREAM_END;
      if (result == Z_MEM_ERROR) return NoMemory();
      if (result == Z_BUF_ERROR) return InvalidArgument("the gzip data end in the middle");
      if (!whole && result != Z_OK) {
        return InvalidArgument("the gzip data are damaged: {}",
                               stream_.msg == nullptr ? "no gzip header" : stream_.msg);
      }
    }
  }

 private:
  z_stream stream_ = {};
  const bool ready_;
};

}  // namespace

bool LooksLikeGzip(std::string_view data) { return data.starts_with("\x1f\x8b"); }

absl::StatusOr<std::string> Gunzip(std::string_view packed, size_t max_bytes) {
  return Inflater().Run(packed, max_bytes);
}

absl::StatusOr<std::string> Gzip(std::string_view data) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return NoMemory();
  }
  std::string out;
  std::array<char, kStepBytes> step;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    Feed(&data, &stream);
    stream.next_out = reinterpret_cast<Bytef*>(step.data());
    stream.avail_out = static_cast<uInt>(step.size());
    result = deflate(&stream, data.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.append(step.data(), step.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return out;
}

}  // namespace flamekeep
