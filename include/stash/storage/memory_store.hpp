#pragma once

#include <map>

#include "stash/storage/store.hpp"

namespace stash::storage {

/// Objects in memory: for tests and for measuring the engine without a disk.
class MemoryStore final : public Store {
 public:
  std::string describe() const override { return "memory"; }
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  Task<ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

  /// Direct access, for tests that damage or compare what is stored.
  std::map<std::string, Bytes>& objects() { return objects_; }
  /// Most objects a list page holds; 1000 when not set.
  void set_page_size(std::size_t size) { page_size_ = size; }

 private:
  std::map<std::string, Bytes> objects_;
  std::size_t page_size_ = 1000;
};

}  // namespace stash::storage
