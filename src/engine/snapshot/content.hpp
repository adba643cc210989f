#pragma once

#include <functional>
#include <vector>

#include "engine/blobs/blob_reader.hpp"
#include "engine/blobs/blob_writer.hpp"
#include "engine/format/entry.hpp"

namespace stash::engine {

/// Collects the blobs of one file in order, whatever their number: beyond Entry::kMaxBlobs they go to list
/// blobs, cut by content, so that an insertion into a large file changes few lists.
///
///   if (content.push(ref)) co_await content.spill();
///   co_await content.finish(entry);
class ContentWriter {
 public:
  explicit ContentWriter(BlobWriter& blobs) : blobs_(blobs) {}

  /// True: spill() before the next push().
  [[nodiscard]] bool push(const BlobRef& ref);
  Task<void> spill();
  /// Sets the entry's blobs and list_level.
  Task<void> finish(Entry& entry);

 private:
  Task<void> add_list(std::size_t level);

  BlobWriter& blobs_;
  std::vector<std::vector<BlobRef>> levels_{1};
};

/// The data blobs of an entry in order, with list blobs read on the way.
class ContentReader {
 public:
  /// The entry must outlive the reader.
  ContentReader(BlobReader& blobs, const Entry& entry);

  /// The next data blob, or nothing at the end.
  Task<std::optional<BlobRef>> next();
  /// Called with each list blob that is read, for liveness walks.
  void on_blob(std::function<void(const BlobRef&)> visit) { visit_ = std::move(visit); }

 private:
  struct Level {
    std::vector<BlobRef> refs;
    std::size_t next = 0;
    std::uint8_t level = 0;
  };

  BlobReader& blobs_;
  std::vector<Level> levels_;
  std::function<void(const BlobRef&)> visit_;
};

/// Bytes that the refs and extents of an entry hold in memory.
std::uint64_t held_by(const Entry& entry);

/// The xattrs of an entry, wherever they are kept.
Task<std::vector<Xattr>> read_xattrs(BlobReader& blobs, const Entry& entry);
/// Puts a set into the entry, or into a blob when it is large. Error(Exhausted) when it is over kMaxBlob.
Task<void> store_xattrs(BlobWriter& blobs, std::vector<Xattr> xattrs, Entry& entry);

}  // namespace stash::engine
