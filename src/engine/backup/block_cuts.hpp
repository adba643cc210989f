#pragma once

#include <string_view>
#include <vector>

#include "engine/backup/file_tree.hpp"
#include "engine/format/chunker.hpp"

namespace stash::engine {

/// True for what is rewritten in place, page by page: images and databases by their names, and large files
/// with holes. Cut where the content says so, each changed page would cost a chunk of 256 KiB; cut in aligned
/// blocks it costs 64 KiB.
bool is_cut_in_blocks(std::string_view path, const FileStat& stat);

/// Cuts of ChunkerId::Fixed: blocks of kFixedBlock bytes, aligned in the file, never across a hole. Asked in
/// the order of the content.
class BlockCuts {
 public:
  /// `extents` as SourceReader reads them: in order, not touching.
  explicit BlockCuts(std::vector<Extent> extents) : extents_(std::move(extents)) {}

  /// Bytes from `content`, an offset in the content with holes left out, to the next cut.
  std::size_t next(std::uint64_t content);

 private:
  std::vector<Extent> extents_;
  std::size_t at_ = 0;
  std::uint64_t before_ = 0;  ///< content before extents_[at_]
};

}  // namespace stash::engine
