// Compresses what is written to it into a gzip stream, piece by piece. Equal input gives equal
// bytes: the header holds no time and no name.
//
// Thread safety: none. Errors: those of the context, what `write` returns, and RESOURCE_EXHAUSTED
// where there is no memory for zlib.
#ifndef FLAMEKEEP_QUERY_GZIP_PIECES_H_
#define FLAMEKEEP_QUERY_GZIP_PIECES_H_

#include <zlib.h>

#include <string_view>

#include "absl/status/status.h"
#include "query/context.h"
#include "query/piece_writer.h"

namespace flamekeep::query {

class GzipPieces {
 public:
  GzipPieces(const Context& context, WritePiece write);
  ~GzipPieces();
  GzipPieces(const GzipPieces&) = delete;
  GzipPieces& operator=(const GzipPieces&) = delete;

  absl::Status Write(std::string_view data);
  // The end of the stream. Nothing may be written after it.
  absl::Status Finish();

  // What zlib takes.
  static constexpr uint64_t kMemoryBytes = uint64_t{300} << 10;

 private:
  absl::Status Deflate(int flush);

  z_stream stream_ = {};
  bool has_memory_;
  PieceWriter pieces_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_GZIP_PIECES_H_
