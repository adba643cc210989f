#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/format/ids.hpp"
#include "engine/format/segment.hpp"

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

/// Which pack, frame and place holds each blob: all segments merged, in the heap.
///
/// Sorted by key, so that a lookup is an interpolation search: 16 bytes a data blob when only membership is
/// wanted, 32 with its place. Control thread; has() and find() on any thread while nothing is added.
class Index {
 public:
  /// What is kept of data blobs. Of tree blobs always everything.
  enum class Scope { Members, Places };

  struct Pack {
    ObjectId id;
    BlobKind kind = BlobKind::Data;
    std::uint64_t size = 0;
    std::array<std::byte, 16> checksum{};
    bool condemned = false;
  };
  struct Place {
    std::uint32_t pack = 0;   ///< in packs()
    std::uint32_t frame = 0;  ///< for frame()
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  struct Row {
    BlobKey key;
    Place place;
  };

  explicit Index(Scope scope) : scope_(scope) {}
  Scope scope() const { return scope_; }

  /// Blobs whose only copies are in these packs count as absent for has(). Before the segments are added.
  void condemn(const ObjectId& pack) { condemned_.insert(pack); }
  /// Adds a segment's blobs. A pack that is known already is passed over. settle() comes before the next
  /// lookup.
  void add(const Segment& segment);
  void settle();

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
  FramePlace frame(const Place& place) const;

 private:
  struct Frame {
    std::uint32_t offset = 0;
    std::uint32_t stored = 0;
    std::uint32_t raw_codec = 0;  ///< raw << 1 | codec
  };
  struct Table {
    std::vector<BlobKey> keys;  ///< without places
    std::vector<Row> rows;      ///< with places
    std::size_t sorted = 0;
  };
  const Table& table(BlobKind kind) const { return kind == BlobKind::Tree ? trees_ : data_; }
  bool keeps_places(BlobKind kind) const { return kind == BlobKind::Tree || scope_ == Scope::Places; }

  Scope scope_;
  Table data_;
  Table trees_;
  std::vector<Pack> packs_;
  std::vector<Frame> frames_;
  std::unordered_map<ObjectId, std::uint32_t, ObjectIdHash> pack_index_;
  std::unordered_set<ObjectId, ObjectIdHash> condemned_;
  bool holds_condemned_ = false;
};

}  // namespace stash::engine
