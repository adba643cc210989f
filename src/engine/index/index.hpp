#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/format/segment.hpp"
#include "engine/index/index_rows.hpp"

namespace stash::engine {

/// One frame in a pack.
struct FramePlace {
  ObjectId pack;
  std::uint32_t offset = 0;  ///< in the pack
  std::uint32_t stored = 0;  ///< bytes there, tag included
  std::uint32_t raw = 0;     ///< bytes after decoding
  Codec codec = Codec::Raw;
};

/// One copy of a blob.
struct BlobPlace {
  FramePlace frame;
  std::uint32_t offset = 0;  ///< in the decoded frame
  std::uint32_t length = 0;
};

class IndexFile;

/// Which pack, frame and place holds each blob: all segments merged, in the heap or in a file (IndexFile).
///
/// Sorted by key, so that a lookup is an interpolation search. In the heap it takes 16 bytes a data blob when
/// only membership is wanted, 32 with its place and 12 a frame; out of a file next to nothing. Control
/// thread; has() and find() on any thread once it is settled.
class Index {
 public:
  /// What is kept of data blobs. Of tree blobs always everything. An index out of a file has all places.
  enum class Scope { Members, Places };
  using Place = IndexPlace;
  using Row = IndexRow;

  struct Pack {
    ObjectId id;
    BlobKind kind = BlobKind::Data;
    std::uint64_t size = 0;
    std::array<std::byte, 16> checksum{};
    bool condemned = false;
  };

  explicit Index(Scope scope);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  Scope scope() const { return scope_; }

  /// Blobs whose only copies are in these packs count as absent for has(). Before the segments are added.
  void condemn(const ObjectId& pack) { condemned_.insert(pack); }
  /// Address space for so many blobs; memory is taken as they come.
  void reserve(std::size_t blobs);
  /// Adds a segment's blobs. A pack that is known already is passed over. settle() comes before the first
  /// lookup, and nothing after it.
  void add(const SegmentView& segment);
  void settle();
  /// Takes all from a file, in place of add() and settle().
  void adopt(std::unique_ptr<const IndexFile> file);

  /// True when some pack of the index is condemned.
  bool holds_condemned() const { return holds_condemned_; }

  /// True when some pack that is not condemned holds the blob.
  bool has(BlobKind kind, const BlobKey& key) const;
  /// All places of a blob, those not condemned first. Empty for data blobs under Scope::Members.
  std::vector<BlobPlace> find(BlobKind kind, const BlobKey& key) const;

  /// Number of the first row with this key, or of the row after it; with rows(), for tables beside the index.
  std::size_t first_row(BlobKind kind, const BlobKey& key) const;

  const std::vector<Pack>& packs() const { return packs_; }
  const Pack* pack(const ObjectId& id) const;
  std::uint64_t blobs() const;
  /// Every copy of every blob of a kind, in key order. Empty for data blobs under Scope::Members.
  std::span<const Row> rows(BlobKind kind) const { return table(kind).rows; }
  /// Says that so many rows were read one after another: what a file keeps of them in memory stays bounded.
  void passed(std::size_t rows) const;
  FramePlace frame(const Place& place) const;

 private:
  struct Table {
    std::vector<BlobKey> keys;  ///< without places
    std::vector<Row> own;       ///< with places
    std::span<const Row> rows;  ///< all of `own`, or in the file
  };
  const Table& table(BlobKind kind) const { return kind == BlobKind::Tree ? trees_ : data_; }
  bool keeps_places(BlobKind kind) const { return kind == BlobKind::Tree || scope_ == Scope::Places; }
  void add_packs(const SegmentView& segment, std::vector<std::uint32_t>& pack_at,
                 std::vector<std::uint32_t>& frame_base);
  void add_pack(Pack pack);
  void looked_up() const;

  Scope scope_;
  Table data_;
  Table trees_;
  std::vector<Pack> packs_;
  std::vector<IndexFrame> own_frames_;
  std::span<const IndexFrame> frames_;  ///< all of `own_frames_`, or in the file
  std::unique_ptr<const IndexFile> file_;
  std::unordered_map<ObjectId, std::uint32_t, ObjectIdHash> pack_index_;
  std::unordered_set<ObjectId, ObjectIdHash> condemned_;
  bool holds_condemned_ = false;
};

}  // namespace stash::engine
