#pragma once

#include <optional>
#include <span>
#include <unordered_map>
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
/// Sorted by key, so that a lookup is a binary search over 16-byte keys: 16 bytes a data blob when only
/// membership is wanted, 32 with its place. Not changed while pool threads look up; add() comes from the
/// control thread between lookups of its own and makes a new small run, so runs stay few (merged like a
/// log-structured tree).
class Index {
 public:
  /// What is kept of data blobs. Of tree blobs always everything.
  enum class Scope { Members, Places };

  explicit Index(Scope scope) : scope_(scope) {}
  Scope scope() const { return scope_; }

  /// Adds a segment's blobs. A pack that is known already is passed over.
  void add(const Segment& segment);
  /// Blobs whose only copies are in these packs count as absent for has(). Call before any has().
  void condemn(std::span<const ObjectId> packs);
  /// Sorts what add() brought; needed before has() and find().
  void settle();

  /// True when some pack that is not condemned holds the blob. Any thread, between settle() and the next
  /// add().
  bool has(BlobKind kind, const BlobKey& key) const;
  /// All places of a blob, not condemned ones first. Empty for data blobs under Scope::Members.
  std::vector<BlobPlace> find(BlobKind kind, const BlobKey& key) const;

  struct Pack {
    ObjectId id;
    BlobKind kind = BlobKind::Data;
    std::uint64_t size = 0;
    std::uint32_t first_frame = 0;  ///< of frames(); Scope::Places or a tree pack
    std::uint32_t frames = 0;
    bool condemned = false;
  };
  const std::vector<Pack>& packs() const { return packs_; }
  const Pack* pack(const ObjectId& id) const;
  std::uint64_t blobs() const;

  struct Place {
    std::uint32_t pack = 0;
    std::uint32_t frame = 0;  ///< in frames()
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  /// Calls visit(key, place) for each copy of each blob of a kind, in key order. Needs the places of that
  /// kind.
  template <class Visit>
  void each(BlobKind kind, Visit visit) const {
    const Table& t = table(kind);
    for (std::size_t i = 0; i < t.keys.size(); ++i) visit(t.keys[i], t.places[i]);
  }
  FramePlace frame(const Place& place) const;

 private:
  struct Frame {
    std::uint32_t offset = 0;
    std::uint32_t stored = 0;
    std::uint32_t raw_codec = 0;  ///< raw << 8 | codec: frames are below 16 MiB
  };
  struct Table {
    std::vector<BlobKey> keys;
    std::vector<Place> places;  ///< parallel to keys, or empty
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
  bool any_condemned_ = false;
};

}  // namespace stash::engine
