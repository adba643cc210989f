#pragma once

#include <array>
#include <functional>
#include <list>
#include <memory>

#include "engine/format/entry.hpp"
#include "engine/index/index.hpp"
#include "engine/parallel/budget.hpp"
#include "stash/base/error.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Error(Corrupt) for a blob that is in no pack by the newest index that its reader would load: whoever
/// stores it again makes it whole.
class LostBlob : public Error {
 public:
  using Error::Error;
};

/// True where what a reader asked for is damaged or gone: other data may be whole.
inline bool is_data_damage(const Error& e) {
  return e.kind() == ErrorKind::Corrupt || e.kind() == ErrorKind::NotFound;
}

/// Reads blobs through the repository's index. Control thread; decode() on any.
///
/// Sealed frames prove that their bytes were written by a key holder under this place; ids are computed again
/// only where asked for.
class BlobReader {
 public:
  /// `cache_bytes` of decoded frames are kept. The repository's index must be loaded with locations for the
  /// kinds that are read.
  explicit BlobReader(Repository::Impl& repository, std::uint64_t cache_bytes = std::uint64_t{4} << 20);

  /// The bytes of one blob. A pack or copy that is gone makes it look for another copy, and load the index
  /// again, before Error(Corrupt), for one that is in no pack LostBlob, that names it. Where loading it was
  /// in vain a few times running, this reader does so no more. With `verify` the id is computed again.
  Task<Bytes> read(BlobKind kind, BlobId id, bool verify = false);

  /// Before the first of these blobs, which are wanted in this order, is read: gets as many of them at once
  /// as lie near each other in one pack, at most `most` sealed bytes. What goes wrong is for read() to tell.
  Task<void> read_ahead(BlobKind kind, std::vector<BlobId> wanted, std::uint64_t most);

  /// The bytes of one blob out of any copy that the loaded index knows, id computed again; nothing when none
  /// can be read.
  Task<std::optional<Bytes>> read_copy(BlobKind kind, BlobId id);
  /// What lies at one place. Error(NotFound) and Error(Corrupt) tell of a pack that is gone or damaged.
  Task<Bytes> read_place(BlobPlace place, BlobKind kind);

  /// For planners: where a blob is, without reading. Nothing when it is in no pack. At most `copies` places.
  std::vector<BlobPlace> find(BlobKind kind, const BlobId& id) const;
  /// Sealed bytes [offset, offset + length) of a pack, as they are stored.
  Task<Bytes> fetch(ObjectId pack, std::uint64_t offset, std::uint64_t length);
  /// The payload of one frame out of its stored bytes. Error(Corrupt) when the tag does not match. Any
  /// thread.
  Bytes open(const FramePlace& frame, BlobKind kind, ByteView stored) const;
  /// open(), decompressed.
  Bytes decode(const FramePlace& frame, BlobKind kind, ByteView stored) const;
  /// Throws Error(Corrupt) unless `bytes` have this id. Any thread.
  void verify(BlobKind kind, const BlobId& id, ByteView bytes) const;

 private:
  using Frame = std::shared_ptr<const Bytes>;
  struct Cached {
    ObjectId pack;
    std::uint32_t offset;
    Frame bytes;
  };

  /// Sealed bytes of a pack.
  struct Run {
    ObjectId pack;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Bytes bytes;

    bool covers(const FramePlace& place) const;
  };

  std::shared_ptr<const Run> run_with(const FramePlace& place) const;
  bool has(const FramePlace& place) const;
  Run plan_run(BlobKind kind, const std::vector<BlobId>& wanted, std::uint64_t most) const;
  Task<Frame> decode_ahead(FramePlace place, BlobKind kind);
  Task<Frame> frame(FramePlace place, BlobKind kind);
  Task<std::optional<Bytes>> read_any_copy(BlobKind kind, BlobId id, bool verify, std::string& trouble);

  Repository::Impl& repository_;
  std::uint64_t cache_limit_;
  std::uint64_t cached_bytes_ = 0;
  std::array<std::shared_ptr<const Run>, 2> ahead_;  ///< the newest, and the one that it interrupted
  std::list<Cached> cache_;  ///< newest first; a handful of frames, so a scan is the fastest lookup
  Budget reload_turn_{1};    ///< one reload at a time: each has a whole index in memory
  int vain_reloads_ = 0;     ///< running
};

}  // namespace stash::engine
