// What an import remembers of a content: how far it has been read, and enough to tell whether a
// file, seen again, is that content, an older copy of it, or another one.
//
// The first `length` bytes are known by their XXH3-128. The ladder holds the same at earlier line
// ends: after each of the first 16 lines, then at the first line end that is a quarter further on.
// A shorter file is compared with it, and different content is found out at its first rung.
//
// Thread safety: none.
#ifndef FLAMEKEEP_CLI_CONTENT_H_
#define FLAMEKEEP_CLI_CONTENT_H_

#include <xxhash.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flamekeep::cli {

class Input;

struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  auto operator<=>(const Digest&) const = default;
};

Digest DigestOf(std::string_view data);
std::string HexText(const Digest& digest);  // 32 digits

struct Checkpoint {
  uint64_t length = 0;  // in decompressed bytes
  Digest digest;        // of all bytes before

  auto operator<=>(const Checkpoint&) const = default;
};

// Kept by the server with the number of a batch; at most 4 KiB when encoded.
struct ContentCursor {
  Checkpoint end;
  bool ends_in_line = false;  // the last byte counted is not a newline
  std::vector<Checkpoint> ladder;

  std::string Encode() const;
  static std::optional<ContentCursor> Decode(std::string_view encoded);
  bool operator==(const ContentCursor&) const = default;
};

// Reads along.
class ContentHasher {
 public:
  ContentHasher();

  // Pieces of any size.
  void Update(std::string_view data);

  uint64_t length() const { return length_; }
  const std::vector<Checkpoint>& ladder() const { return ladder_; }
  Checkpoint Here() const;
  ContentCursor Cursor() const;

 private:
  void Add(std::string_view data);

  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
  uint64_t length_ = 0;
  uint64_t next_rung_ = 1;  // the least length at which it stands
  char last_ = '\n';
  std::vector<Checkpoint> ladder_;
};

enum class Relation {
  kContinues,  // begins with all that `known` has; the input stands behind it
  kOlderCopy,  // ends before `known` does, and agrees with it as far as can be told
  kDiffers,
};

// Compares the input, which stands at its start, with what is known. `hasher`, a new one, has then
// seen what was read. Calls `on_read` after each piece; an error of it ends the comparison.
absl::StatusOr<Relation> Compare(Input& input, const ContentCursor& known, ContentHasher& hasher,
                                 absl::FunctionRef<absl::Status()> on_read);

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_CONTENT_H_
