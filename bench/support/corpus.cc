#include "bench/support/corpus.h"

#include <zstd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/status.h"

namespace flamekeep::bench {
namespace {

absl::Status VisitLine(const std::string& path, std::string_view line,
                       absl::FunctionRef<void(const CorpusMessage&)> visit) {
  const size_t first = line.find('\t');
  const size_t second = line.find('\t', first + 1);
  const size_t count = line.rfind(' ');
  CorpusMessage message;
  if (first == std::string_view::npos || second == std::string_view::npos ||
      count == std::string_view::npos || count < second ||
      std::from_chars(line.data(), line.data() + first, message.unix_micros).ec != std::errc()) {
    return DataLoss("{} is not a corpus: a line does not hold a time, a channel and a stack", path);
  }
  message.channel = line.substr(first + 1, second - first - 1);
  message.payload = line.substr(second + 1);
  message.stack = line.substr(second + 1, count - second - 1);
  visit(message);
  return absl::OkStatus();
}

}  // namespace

std::string CorpusPath() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* given = std::getenv("FLAMEKEEP_CORPUS");
  if (given != nullptr && *given != '\0') return given;
  const std::filesystem::path checkout(FLAMEKEEP_CHECKOUT);
  const auto whole = checkout.parent_path() / "shared/data/mediawiki-excimer.messages.zst";
  if (std::filesystem::exists(whole)) return whole.string();
  return (checkout / "data/mediawiki-sample.messages.zst").string();
}

absl::Status ReadCorpus(const std::string& path,
                        absl::FunctionRef<void(const CorpusMessage&)> visit) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return NotFound("cannot read the corpus {}: set FLAMEKEEP_CORPUS", path);
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                   &ZSTD_freeDCtx);
  std::vector<char> compressed(ZSTD_DStreamInSize());
  std::vector<char> plain(ZSTD_DStreamOutSize());
  std::string text;
  while (const size_t size = std::fread(compressed.data(), 1, compressed.size(), file.get())) {
    ZSTD_inBuffer in{compressed.data(), size, 0};
    while (in.pos < in.size) {
      ZSTD_outBuffer out{plain.data(), plain.size(), 0};
      const size_t result = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(result) != 0) {
        return DataLoss("{} is damaged: {}", path, ZSTD_getErrorName(result));
      }
      text.append(plain.data(), out.pos);
      size_t begin = 0;
      for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        FLAMEKEEP_RETURN_IF_ERROR(
            VisitLine(path, std::string_view(text).substr(begin, end - begin), visit));
      }
      text.erase(0, begin);
    }
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::bench
