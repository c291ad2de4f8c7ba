#include "cli/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/status.h"
#include "cli/input.h"
#include "cli/little_endian.h"

namespace flamekeep::cli {
namespace {

constexpr size_t kEveryLine = 16;   // rungs at the start of the ladder
constexpr uint64_t kStepShare = 4;  // further rungs are 1/4 of the length apart
constexpr size_t kMaxRungs = 150;   // 16 TB of ordinary lines
constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kFirstReadBytes = size_t{16} << 10;  // different content shows soon

// Encoding: version, flags, end, number of rungs, rungs. Lengths are varints (of a rung: the
// distance from the one before), digests 16 bytes, little-endian.
constexpr char kContentVersion = 1;
constexpr char kEndsInLine = 1;

void PutVarint(uint64_t value, std::string* out) {
  constexpr uint64_t kMore = 0x80;
  while (value >= kMore) {
    out->push_back(static_cast<char>(value | kMore));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool GetVarint(std::string_view* in, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in->front());
    in->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void PutDigest(const Digest& digest, std::string* out) {
  PutFixed64(digest.low, out);
  PutFixed64(digest.high, out);
}

bool GetDigest(std::string_view* in, Digest* digest) {
  return GetFixed64(in, &digest->low) && GetFixed64(in, &digest->high);
}

}  // namespace

Digest DigestOf(std::string_view data) {
  const XXH128_hash_t hash = XXH3_128bits(data.data(), data.size());
  return {hash.low64, hash.high64};
}

std::string HexText(const Digest& digest) {
  return fmt::format("{:016x}{:016x}", digest.high, digest.low);
}

std::string ContentCursor::Encode() const {
  std::string out = {kContentVersion, ends_in_line ? kEndsInLine : '\0'};
  PutVarint(end.length, &out);
  PutDigest(end.digest, &out);
  PutVarint(ladder.size(), &out);
  uint64_t before = 0;
  for (const Checkpoint& rung : ladder) {
    PutVarint(rung.length - std::exchange(before, rung.length), &out);
    PutDigest(rung.digest, &out);
  }
  return out;
}

std::optional<ContentCursor> ContentCursor::Decode(std::string_view encoded) {
  std::string_view in = encoded;
  if (in.size() < 2 || in[0] != kContentVersion) return std::nullopt;
  ContentCursor cursor;
  cursor.ends_in_line = in[1] == kEndsInLine;
  in.remove_prefix(2);
  uint64_t rungs = 0;
  if (!GetVarint(&in, &cursor.end.length) || !GetDigest(&in, &cursor.end.digest) ||
      !GetVarint(&in, &rungs) || rungs > in.size()) {
    return std::nullopt;
  }
  uint64_t length = 0;
  for (uint64_t i = 0; i < rungs; ++i) {
    uint64_t step = 0;
    Digest digest;
    if (!GetVarint(&in, &step) || !GetDigest(&in, &digest)) return std::nullopt;
    cursor.ladder.push_back({length += step, digest});
  }
  return cursor;
}

ContentHasher::ContentHasher() : state_(XXH3_createState(), &XXH3_freeState) {
  XXH3_128bits_reset(state_.get());
}

void ContentHasher::Add(std::string_view data) {
  XXH3_128bits_update(state_.get(), data.data(), data.size());
  length_ += data.size();
  if (!data.empty()) last_ = data.back();
}

void ContentHasher::Update(std::string_view data) {
  while (ladder_.size() < kMaxRungs && length_ + data.size() >= next_rung_) {
    const size_t from = next_rung_ > length_ ? next_rung_ - length_ - 1 : 0;
    const size_t newline = data.find('\n', from);
    if (newline == std::string_view::npos) break;
    Add(data.substr(0, newline + 1));
    data.remove_prefix(newline + 1);
    ladder_.push_back(Here());
    next_rung_ =
        length_ + (ladder_.size() < kEveryLine ? 1 : std::max<uint64_t>(length_ / kStepShare, 1));
  }
  Add(data);
}

Checkpoint ContentHasher::Here() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return {length_, {hash.low64, hash.high64}};
}

ContentCursor ContentHasher::Cursor() const { return {Here(), last_ != '\n', ladder_}; }

absl::StatusOr<Relation> Compare(Input& input, const ContentCursor& known, ContentHasher& hasher,
                                 absl::FunctionRef<absl::Status()> on_read) {
  std::string buffer(kReadBytes, '\0');
  size_t want = kFirstReadBytes;
  while (hasher.length() < known.end.length) {
    const size_t size = std::min<uint64_t>(want, known.end.length - hasher.length());
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n, input.Read(buffer.data(), size));
    if (n == 0) {
      const bool has_all_rungs = hasher.ladder().size() == known.ladder.size() ||
                                 known.ladder[hasher.ladder().size()].length > hasher.length();
      return has_all_rungs ? Relation::kOlderCopy : Relation::kDiffers;
    }
    FLAMEKEEP_RETURN_IF_ERROR(on_read());
    const size_t compared = hasher.ladder().size();
    hasher.Update(std::string_view(buffer.data(), n));
    for (size_t i = compared; i < hasher.ladder().size(); ++i) {
      if (i >= known.ladder.size() || hasher.ladder()[i] != known.ladder[i]) {
        return Relation::kDiffers;
      }
    }
    want = kReadBytes;
  }
  return hasher.Here() == known.end ? Relation::kContinues : Relation::kDiffers;
}

}  // namespace flamekeep::cli
