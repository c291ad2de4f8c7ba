// A fixed array of zeros straight from the kernel: pages that nobody touches cost no memory. For
// the dictionary's large tables, of which a small store uses a corner.
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

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  ZeroedArray() = default;
  // calloc of a large size maps fresh pages, which are zero already.
  explicit ZeroedArray(size_t size)
      : data_(static_cast<T*>(std::calloc(size, sizeof(T)))), size_(size) {
    if (data_ == nullptr) throw std::bad_alloc();
  }

  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  std::unique_ptr<T, Free> data_;
  size_t size_ = 0;
};

}  // namespace flamekeep::storage

#endif  // FLAMEKEEP_STORAGE_ZEROED_ARRAY_H_
