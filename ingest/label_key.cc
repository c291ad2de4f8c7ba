#include "ingest/label_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <system_error>

#include "base/status.h"

namespace flamekeep::ingest {
namespace {

constexpr size_t kShownBytes = 8;  // of a hash

std::atomic<uint64_t> last_key_id{0};

}  // namespace

LabelKey::LabelKey(unsigned char* page, size_t page_bytes)
    : page_(page), page_bytes_(page_bytes), id_(++last_key_id) {}

LabelKey::~LabelKey() {
  OPENSSL_cleanse(page_, kBytes);
  munmap(page_, page_bytes_);
}

absl::StatusOr<std::unique_ptr<LabelKey>> LabelKey::NewPage() {
  const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const page =
      mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    return Error(absl::StatusCode::kResourceExhausted, "there is no memory for a label's salt: {}",
                 std::generic_category().message(errno));
  }
  madvise(page, page_bytes, MADV_DONTDUMP);
  // What a process may lock is little, and swap is often encrypted: it is no error.
  mlock(page, page_bytes);
  return std::unique_ptr<LabelKey>(new LabelKey(static_cast<unsigned char*>(page), page_bytes));
}

absl::StatusOr<std::unique_ptr<const LabelKey>> LabelKey::Random() {
  FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<LabelKey> key, NewPage());
  if (RAND_priv_bytes(key->page_, kBytes) != 1) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "the system gives no random bytes for a label's salt");
  }
  return std::unique_ptr<const LabelKey>(std::move(key));
}

absl::StatusOr<std::unique_ptr<const LabelKey>> LabelKey::From(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return InvalidArgument("a label's salt has {} bytes and not {}: is it another program's?",
                           bytes.size(), kBytes);
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(std::unique_ptr<LabelKey> key, NewPage());
  std::copy(bytes.begin(), bytes.end(), key->page_);
  return std::unique_ptr<const LabelKey>(std::move(key));
}

std::string LabelKey::Hash(std::string_view name, std::string_view value) const {
  // No name holds a zero byte.
  std::string message;
  message.reserve(name.size() + 1 + value.size());
  message.append(name).append(1, '\0').append(value);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  HMAC(EVP_sha256(), page_, kBytes, reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), digest.data(), nullptr);
  std::string shown;
  for (size_t i = 0; i < kShownBytes; ++i) shown += fmt::format("{:02x}", digest[i]);
  return shown;
}

void Wipe(std::string* secret) {
  OPENSSL_cleanse(secret->data(), secret->size());
  secret->clear();
}

}  // namespace flamekeep::ingest
