#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/backup/file_tree.hpp"
#include "engine/backup/walker.hpp"
#include "engine/blobs/blob_writer.hpp"
#include "engine/format/chunker.hpp"

namespace stash::engine {

/// Reads one regular file's content once, holes left out. Blocks; one thread at a time.
class SourceReader {
 public:
  /// Error(NotFound): the file went away.
  void open(const Found& found);

  /// Metadata at the time of opening; the file is read as long as it was then.
  const FileStat& stat() const { return stat_; }
  const std::vector<Xattr>& xattrs() const { return xattrs_; }
  /// Why there are none, where they could not be read; or "".
  const std::string& problem() const { return problem_; }

  /// The next content bytes; less than asked only at the end.
  std::size_t fill(std::span<std::byte> out);
  /// The runs that are read, in order. They change only where the file shrinks.
  const std::vector<Extent>& extents() const { return extents_; }
  bool at_end() const { return extent_ == extents_.size(); }

  /// After the end: true when the file is not what it was at opening.
  bool changed();
  /// After the end: size and, for a sparse file, extents of what was read, which is less than stat() tells
  /// where the file shrank.
  void describe(Entry& entry) const;

 private:
  void cut_short(std::uint64_t end);

  std::unique_ptr<SourceFile> file_;
  FileStat stat_;
  std::vector<Xattr> xattrs_;
  std::string problem_;
  std::vector<Extent> extents_;
  std::size_t extent_ = 0;
  std::uint64_t inside_ = 0;  ///< bytes of extents_[extent_] read so far
  std::uint64_t size_ = 0;
  bool sparse_ = false;
  bool shrank_ = false;
};

}  // namespace stash::engine
