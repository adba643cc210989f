#pragma once

#include <span>
#include <vector>

#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/content_map.hpp"

namespace stash::engine {

/// Compares files of a restore's target with the content that a snapshot has for them, by ids. Control
/// thread; held() on any.
class FileCompare {
 public:
  FileCompare(Repository::Impl& repository, BlobReader& blobs) : repository_(repository), blobs_(blobs) {}

  /// True when the open file has the entry's size and content. What is in a hole is not looked at.
  /// Error(Corrupt) when the list of its blobs is damaged.
  Task<bool> same(const Entry& entry, const ContentMap& map, int fd);

  /// One answer for each of `refs`, which stand one after another in the content from `offset` on: true where
  /// the file holds those bytes already.
  std::vector<bool> held(const ContentMap& map, int fd, std::uint64_t offset,
                         std::span<const BlobRef> refs) const;

 private:
  Repository::Impl& repository_;
  BlobReader& blobs_;
};

/// The next refs of a content, a few MiB of it; none at its end.
Task<std::vector<BlobRef>> next_refs(ContentReader& content);

}  // namespace stash::engine
