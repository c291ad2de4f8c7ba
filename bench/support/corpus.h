// The recorded corpus: real samples of MediaWiki, one message a line,
// "<unix microseconds>\t<channel>\t<frame;...;frame COUNT>", compressed with zstd.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_BENCH_SUPPORT_CORPUS_H_
#define FLAMEKEEP_BENCH_SUPPORT_CORPUS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace flamekeep::bench {

struct CorpusMessage {
  int64_t unix_micros = 0;
  std::string_view channel;
  std::string_view payload;  // as published
  std::string_view stack;    // the payload without its count
};

// $FLAMEKEEP_CORPUS, else the whole recording beside the checkout, else the sample in the checkout.
std::string CorpusPath();

// Calls `visit` with each message in order. Errors: NOT_FOUND, DATA_LOSS.
absl::Status ReadCorpus(const std::string& path,
                        absl::FunctionRef<void(const CorpusMessage&)> visit);

}  // namespace flamekeep::bench

#endif  // FLAMEKEEP_BENCH_SUPPORT_CORPUS_H_
