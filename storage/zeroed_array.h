// A fixed array of zeros, aligned to cache lines. Pages that nobody touches cost no memory: for the
// dictionary's large tables, of which a small store uses a corner.
//
// Thread safety: as a plain array.
#ifndef FLAMEKEEP_STORAGE_ZEROED_ARRAY_H_
#define FLAMEKEEP_STORAGE_ZEROED_ARRAY_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace flamekeep::storage {

inline constexpr size_t kCacheLineBytes = 64;

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kCacheLineBytes);

 public:
  ZeroedArray() = default;
  // calloc of a large size maps fresh pages, which are zero already.
  explicit ZeroedArray(size_t size)
      : memory_(std::calloc(size * sizeof(T) + kCacheLineBytes, 1)), size_(size) {
    if (memory_ == nullptr) throw std::bad_alloc();
    void* start = memory_.get();
    size_t space = size * sizeof(T) + kCacheLineBytes;
    data_ = static_cast<T*>(std::align(kCacheLineBytes, size * sizeof(T), start, space));
  }

  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_ZEROED_ARRAY_H_
