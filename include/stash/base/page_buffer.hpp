#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace stash {

/// Page size of every machine we build for, and a multiple of every disk's block.
inline constexpr std::size_t kPageSize = 4096;

/// Memory that begins at a page, as direct input and output want it. Not cleared.
class PageBuffer {
 public:
  PageBuffer() = default;
  explicit PageBuffer(std::size_t size) : memory_(allocate(size)), size_(size) {}

  std::byte* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> bytes() const { return {memory_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(kPageSize)); }
  };
  static std::byte* allocate(std::size_t size) {
    return static_cast<std::byte*>(::operator new(size, std::align_val_t(kPageSize)));
  }

  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace stash
