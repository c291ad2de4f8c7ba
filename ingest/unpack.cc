#include "ingest/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

absl::Status TooLarge(std::string_view what, size_t limit) {
  return Error(absl::StatusCode::kResourceExhausted,
               "the {} unpacks to more than {} bytes: send smaller batches", what, limit);
}

constexpr std::string_view kZstdFrame = "zstd frame";
constexpr std::string_view kGzipMember = "gzip data";
// What is asked for before it is known how much comes out.
constexpr size_t kFirstGuess = size_t{1} << 20;

class Inflater {
 public:
  Inflater() {
    constexpr int kGzipFormat = 16;
    ready_ = inflateInit2(&stream_, MAX_WBITS + kGzipFormat) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

}  // namespace

absl::Status UnpackZstd(std::string_view packed, size_t limit, std::string* out) {
  constexpr int kMaxWindowLog = 24;  // as large as anything that may come out
  const uint64_t told = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (told == ZSTD_CONTENTSIZE_ERROR) {
    return InvalidArgument("the batch is no zstd frame, though it is sent as one");
  }
  const bool known = told != ZSTD_CONTENTSIZE_UNKNOWN;
  if (known && told > limit) return TooLarge(kZstdFrame, limit);

  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  size_t filled = 0;
  out->resize(known ? static_cast<size_t>(told) : std::min(kFirstGuess, limit));
  while (true) {
    ZSTD_outBuffer output{out->data(), out->size(), filled};
    const size_t left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0) {
      return InvalidArgument("the zstd frame can not be unpacked: {}", ZSTD_getErrorName(left));
    }
    filled = output.pos;
    if (left == 0) break;
    if (output.pos < output.size) {
      return InvalidArgument("the zstd frame ends too early");
    }
    if (out->size() >= limit) return TooLarge(kZstdFrame, limit);
    out->resize(std::min(limit, std::max(kFirstGuess, out->size() * 2)));
  }
  if (input.pos != input.size) {
    return InvalidArgument("{} bytes stand behind the zstd frame: send one frame a batch",
                           input.size - input.pos);
  }
  out->resize(filled);
  return absl::OkStatus();
}

absl::Status UnpackGzip(std::string_view packed, size_t limit, std::string* out) {
  constexpr size_t kUsualRatio = 4;
  if (packed.size() > std::numeric_limits<uInt>::max() ||
      limit > std::numeric_limits<uInt>::max()) {
    return TooLarge(kGzipMember, limit);
  }
  Inflater inflater;
  if (!inflater.ready()) return absl::ResourceExhaustedError("no memory for a gzip decoder");
  z_stream& stream = inflater.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  out->resize(std::min(limit, std::max<size_t>(packed.size() * kUsualRatio, 4096)));
  size_t filled = 0;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(out->data() + filled);
    stream.avail_out = static_cast<uInt>(out->size() - filled);
    const int result = inflate(&stream, Z_NO_FLUSH);
    filled = out->size() - stream.avail_out;
    if (result == Z_STREAM_END) break;
    if (result != Z_OK && result != Z_BUF_ERROR) {
      return InvalidArgument("the gzip data can not be unpacked: {}",
                             stream.msg != nullptr ? stream.msg : "it is damaged");
    }
    if (stream.avail_out > 0) return InvalidArgument("the gzip data ends too early");
    if (out->size() >= limit) return TooLarge(kGzipMember, limit);
    out->resize(std::min(limit, out->size() * 2));
  }
  if (stream.avail_in != 0) {
    return InvalidArgument("{} bytes stand behind the gzip data: send one member",
                           stream.avail_in);
  }
  out->resize(filled);
  return absl::OkStatus();
}

}  // namespace flamekeep::ingest
