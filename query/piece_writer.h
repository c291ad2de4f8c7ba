// Gathers text and hands it out in pieces.
//
//   PieceWriter pieces(context, write);
//   for (...) {
//     pieces.out() += ...;
//     FLAMEKEEP_RETURN_IF_ERROR(pieces.MayFlush());
//   }
//   return pieces.Flush();
//
// Thread safety: none. Errors: those of the context, and what `write` returns.
#ifndef FLAMEKEEP_QUERY_PIECE_WRITER_H_
#define FLAMEKEEP_QUERY_PIECE_WRITER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/status.h"
#include "query/context.h"

namespace flamekeep::query {

// The largest piece that a writer hands out.
inline constexpr size_t kMaxPieceBytes = size_t{1} << 20;

using WritePiece = absl::FunctionRef<absl::Status(std::string_view)>;

class PieceWriter {
 public:
  PieceWriter(const Context& context, WritePiece write) : context_(context), write_(write) {}

  // To be appended to.
  std::string& out() { return out_; }

  // Hands out what there is, where that is enough to be worth it.
  absl::Status MayFlush() { return out_.size() < kFlushBytes ? absl::OkStatus() : Flush(); }

  absl::Status Flush() {
    FLAMEKEEP_RETURN_IF_ERROR(context_.Check());
    for (size_t at = 0; at < out_.size(); at += kMaxPieceBytes) {
      FLAMEKEEP_RETURN_IF_ERROR(write_(std::string_view(out_).substr(at, kMaxPieceBytes)));
    }
    out_.clear();
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kFlushBytes = size_t{256} << 10;

  const Context& context_;
  const WritePiece write_;
  std::string out_;
};

}  // namespace flamekeep::query

#endif  // FLAMEKEEP_QUERY_PIECE_WRITER_H_
