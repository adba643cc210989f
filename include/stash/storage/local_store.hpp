#pragma once

#include <memory>

#include "stash/net/pool.hpp"
#include "stash/storage/store.hpp"

namespace stash::storage {

/// Objects as files below one directory (mode 0600, directories 0700).
///
/// An object is written to a nameless file (O_TMPFILE; where the file system has none, to a name that begins
/// with
/// ".tmp-"), made durable with fdatasync and only then linked under its name, never over another. sync()
/// makes the names durable. What a killed writer left under ".tmp-" is never listed, and removed once it is
/// two days old. Large objects pass the page cache by. Threads of its own wait for the disk, so that several
/// requests are under way while others compute.
class LocalStore final : public Store {
 public:
  /// `root` need not exist: the first put makes it.
  explicit LocalStore(std::string root);
  ~LocalStore() override;

  std::string describe() const override;
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  Task<ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

 private:
  struct Files;
  std::shared_ptr<Files> files_;
  net::Pool threads_;
};

}  // namespace stash::storage
