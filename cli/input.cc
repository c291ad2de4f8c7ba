#include "cli/input.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace flamekeep::cli {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kMagicBytes = 6;
constexpr std::string_view kGzipMagic = "\x1f\x8b"sv;
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd"sv;
constexpr std::array<std::pair<std::string_view, const char*>, 5> kUnknownMagic = {{
    {"\xfd"
     "7zXZ\0"sv,
     "xz"},
    {"BZh"sv, "bzip2"},
    {"\x04\x22\x4d\x18"sv, "lz4"},
    {"PK\x03\x04"sv, "zip"},
    {"7z\xbc\xaf\x27\x1c"sv, "7z"},
}};

// 0x184d2a50 to 0x184d2a5f, little-endian: a zstd frame that holds no data.
bool IsZstdSkippable(std::string_view start) {
  return start.size() >= 4 && (static_cast<unsigned char>(start[0]) & 0xf0) == 0x50 &&
         start.substr(1, 3) == "\x2a\x4d\x18"sv;
}

// Whether no more bytes are needed to tell that this is not compressed: a pipe may give no more for
// a long time.
bool IsPlain(std::string_view start) {
  const auto may_be = [&](std::string_view magic) {
    const size_t n = std::min(magic.size(), start.size());
    return start.substr(0, n) == magic.substr(0, n);
  };
  if (may_be(kGzipMagic) || may_be(kZstdMagic)) return false;
  const std::string skippable = std::string(start.substr(0, 1)) + "\x2a\x4d\x18";
  if ((static_cast<unsigned char>(start[0]) & 0xf0) == 0x50 && may_be(skippable)) return false;
  return std::none_of(kUnknownMagic.begin(), kUnknownMagic.end(),
                      [&](const auto& known) { return may_be(known.first); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Input>> Input::Open(const std::string& path) {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<RawInput> raw, RawInput::Open(path));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string start, raw->PeekStart(kMagicBytes, IsPlain));
  for (const auto& [magic, name] : kUnknownMagic) {
    if (start.starts_with(magic)) {
      return InvalidArgument(
          "{} is compressed with {}, which is not read here: decompress it first, or use gzip or "
          "zstd",
          raw->name(), name);
    }
  }
  Compression compression = Compression::kNone;
  if (start.starts_with(kGzipMagic)) compression = Compression::kGzip;
  if (start.starts_with(kZstdMagic) || IsZstdSkippable(start)) compression = Compression::kZstd;
  std::unique_ptr<Input> input(new Input(std::move(raw), compression));
  input->MakeDecoder();
  return input;
}

void Input::MakeDecoder() {
  if (compression_ == Compression::kGzip) decoder_ = NewGzipDecoder(raw_.get());
  if (compression_ == Compression::kZstd) decoder_ = NewZstdDecoder(raw_.get());
}

absl::StatusOr<size_t> Input::Read(char* out, size_t size) {
  return decoder_ == nullptr ? raw_->Read(out, size) : decoder_->Read(out, size);
}

absl::Status Input::Rewind() {
  FLAMEKEEP_RETURN_IF_ERROR(raw_->Rewind());
  MakeDecoder();
  return absl::OkStatus();
}

}  // namespace flamekeep::cli
