// The key that labels of one period are hashed with: 32 random bytes that are never written
// anywhere. They lie in a page of their own, which is kept out of core dumps and, as far as the
// process may lock memory, out of swap, and is wiped with the object.
//
// Thread safety: const methods may be called from several threads.
#ifndef FLAMEKEEP_INGEST_LABEL_KEY_H_
#define FLAMEKEEP_INGEST_LABEL_KEY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace flamekeep::ingest {

class LabelKey {
 public:
  static constexpr size_t kBytes = 32;

  // A new one. Errors: RESOURCE_EXHAUSTED where there is no memory, or no randomness.
  static absl::StatusOr<std::unique_ptr<const LabelKey>> Random();
  // One that another server made, which are kBytes bytes. Errors: the same; INVALID_ARGUMENT for
  // another number of bytes.
  static absl::StatusOr<std::unique_ptr<const LabelKey>> From(std::string_view bytes);
  ~LabelKey();
  LabelKey(const LabelKey&) = delete;
  LabelKey& operator=(const LabelKey&) = delete;

  // 16 hexadecimal digits of HMAC-SHA256 over the name and the value.
  std::string Hash(std::string_view name, std::string_view value) const;

  // Different for each key of this process, never 0; tells nothing of its bytes.
  uint64_t id() const { return id_; }
  // For who shares it. Copies are to be wiped.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(page_), kBytes}; }

 private:
  LabelKey(unsigned char* page, size_t page_bytes);
  static absl::StatusOr<std::unique_ptr<LabelKey>> NewPage();

  unsigned char* const page_;
  const size_t page_bytes_;
  const uint64_t id_;
};

// Overwrites a secret, also where nobody reads it again.
void Wipe(std::string* secret);

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_LABEL_KEY_H_
