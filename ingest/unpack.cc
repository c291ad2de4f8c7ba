#include "ingest/unpack.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

absl::Status TooLarge(size_t limit) {
  return Error(absl::StatusCode::kResourceExhausted,
               "the zstd frame unpacks to more than {} bytes: send smaller batches", limit);
}

}  // namespace

absl::Status UnpackZstd(std::string_view packed, size_t limit, std::string* out) {
  constexpr size_t kFirstGuess = size_t{1} << 20;
  constexpr int kMaxWindowLog = 24;  // as large as anything that may come out
  const uint64_t told = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (told == ZSTD_CONTENTSIZE_ERROR) {
    return InvalidArgument("the batch is no zstd frame, though it is sent as one");
  }
  const bool known = told != ZSTD_CONTENTSIZE_UNKNOWN;
  if (known && told > limit) return TooLarge(limit);

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
    if (out->size() >= limit) return TooLarge(limit);
    out->resize(std::min(limit, std::max(kFirstGuess, out->size() * 2)));
  }
  if (input.pos != input.size) {
    return InvalidArgument("{} bytes stand behind the zstd frame: send one frame a batch",
                           input.size - input.pos);
  }
  out->resize(filled);
  return absl::OkStatus();
}

}  // namespace flamekeep::ingest
