#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/format/segment.hpp"
#include "engine/index/index_file.hpp"
#include "engine/index/row_sorter.hpp"
#include "stash/crypto/xxh3.hpp"

namespace stash::engine {

/// Makes the IndexFile of a repository out of an older one and of segments, within fixed memory. One thread
/// at a time. Throws IndexFileError when the directory or its disk fails.
class IndexFileWriter {
 public:
  /// `memory`: bytes for sorting. The directory is made when it is not there.
  IndexFileWriter(std::string directory, const ObjectId& repository, std::size_t memory);

  /// Takes over from `old` the packs of the segments that are `listed`; before any add(). An old file with
  /// overlaps must have all its segments listed: a pack of one that went may be in another one, too.
  void keep(std::unique_ptr<const IndexFile> old, const std::set<ObjectId>& listed);
  /// Adds a segment's blobs. A pack that is known already is passed over.
  void add(const ObjectId& segment, const SegmentView& view);
  /// Writes the file and publishes it. The index is good even where it could not be published.
  std::unique_ptr<const IndexFile> finish();

 private:
  /// What became of a pack of the old file.
  struct Moved {
    std::uint32_t pack = UINT32_MAX;  ///< its number; UINT32_MAX: left out
    std::uint32_t frame_shift = 0;    ///< to add to the numbers of its frames, modulo 2^32
  };

  void put(ByteView bytes);
  void put_frame(const IndexFrame& frame);
  std::optional<IndexRow> next_old(std::span<const IndexRow> rows, std::size_t& at) const;
  std::uint64_t put_rows(BlobKind kind, RowSorter& fresh);

  const std::string directory_;
  IndexFile::Header header_;
  NamelessFile out_;
  crypto::Xxh3 sum_;
  RowSorter data_;
  RowSorter trees_;
  std::vector<IndexFile::Pack> packs_;
  std::unordered_set<ObjectId, ObjectIdHash> known_;  ///< the ids of packs_
  std::vector<ObjectId> segments_;
  std::unique_ptr<const IndexFile> old_;
  std::vector<Moved> moved_;  ///< by pack of the old file
};

}  // namespace stash::engine
