#include "query/gzip_pieces.h"

#include <array>
#include <cstdint>

#include "base/status.h"

namespace flamekeep::query {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // zlib's way to ask for gzip's header
constexpr int kUsualMemoryLevel = 8;
constexpr size_t kDeflatedBytes = size_t{64} << 10;

}  // namespace

// Nothing but memory can be missing.
GzipPieces::GzipPieces(const Context& context, WritePiece write)
    : has_memory_(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits,
                               kUsualMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK),
      pieces_(context, write) {}

GzipPieces::~GzipPieces() {
  if (has_memory_) deflateEnd(&stream_);
}

absl::Status GzipPieces::Write(std::string_view data) {
  // zlib does not change its input.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream_.avail_in = static_cast<uInt>(data.size());
  return Deflate(Z_NO_FLUSH);
}

absl::Status GzipPieces::Finish() {
  FLAMEKEEP_RETURN_IF_ERROR(Deflate(Z_FINISH));
  return pieces_.Flush();
}

absl::Status GzipPieces::Deflate(int flush) {
  if (!has_memory_) {
    return absl::ResourceExhaustedError(
        "there is no memory to compress the answer: try again later");
  }
  std::array<char, kDeflatedBytes> deflated;
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(deflated.data());
    stream_.avail_out = static_cast<uInt>(deflated.size());
    deflate(&stream_, flush);
    pieces_.out().append(deflated.data(), deflated.size() - stream_.avail_out);
    FLAMEKEEP_RETURN_IF_ERROR(pieces_.MayFlush());
  } while (stream_.avail_out == 0);
  return absl::OkStatus();
}

}  // namespace flamekeep::query
