#pragma once

// Where frames of one kind are put into packs, by any number of pool threads at once.
//
// A frame's offset is its nonce and its pack gives the key, so a place is reserved first, under a short lock,
// and the frame is then sealed straight into the pack's memory without one. A closed pack is ready once
// nobody seals into it. Which of the open packs takes a frame is told by a bit of a blob's keyed id: pack
// sizes then do not show the sizes of neighbouring chunks.
//
// Memory: `buffers` packs in all, open, full or uploading. admit() sets aside bytes beforehand, on the
// control thread, so that put() always finds room and never waits. A pack is charged what its frames bring in
// without their tags, and kBlobCost for each blob as far as that was set aside: never more than was set aside
// for them.

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/format/pack.hpp"
#include "stash/base/page_buffer.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Bytes that a blob takes in memory beside its own: in the footer of its pack, and in the index segment in
/// the making, both of which grow by doubling and are encoded and sealed.
inline constexpr std::uint64_t kBlobCost = 256;

struct PackLimits {
  std::uint64_t target = 0;  ///< charged bytes at which a pack is closed
  std::size_t open = 1;      ///< packs filling at once
  std::size_t buffers = 2;   ///< packs in memory; more than `open`
};

/// A pack in memory.
struct OpenPack {
  OpenPack(ObjectId i, crypto::Key k, BlobKind kind, std::uint64_t capacity);

  ObjectId id;
  crypto::Key key;
  PageBuffer memory;
  std::uint64_t used = 0;
  std::uint64_t charged = 0;
  std::size_t sealing = 0;  ///< threads that write into it
  bool closed = false;
  PackFooter footer;

  ByteView view() const { return {memory.data(), static_cast<std::size_t>(used)}; }
};

/// A blob's place in a frame that is being put.
struct FrameBlob {
  BlobId id;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

class PackLane {
 public:
  PackLane(const Keys& keys, const Environment& environment, BlobKind kind, PackLimits limits);

  /// Sets bytes aside when they fit. Control thread, which alone makes new packs and their random ids.
  bool try_admit(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);

  /// Compresses, seals and places one frame, for which `set_aside` bytes were, at least those of `raw`. Any
  /// thread.
  void put(ByteView raw, const std::vector<FrameBlob>& blobs, std::uint64_t set_aside);
  /// The same of `raw` bytes that are compressed already, to no more than that.
  void put(const Payload& payload, std::size_t raw, const std::vector<FrameBlob>& blobs,
           std::uint64_t set_aside);

  /// Closes the open packs, if they hold anything. Nobody may be in put().
  void close_all();
  /// Frees the memory of packs that hold nothing, until it is wanted again. No byte may be set aside.
  void release_memory();
  /// A closed pack that nobody writes into any more, or null. The caller adds the footer, stores it and gives
  /// it back.
  std::unique_ptr<OpenPack> take_ready();
  bool has_ready();
  void give_back(std::unique_ptr<OpenPack> pack);
  /// Appends footer and trailer. `pad` as in seal_footer(). Pool thread.
  void complete(OpenPack& pack) const;

  BlobKind kind() const { return kind_; }

 private:
  OpenPack& open_pack(std::size_t slot);
  void close(std::size_t slot);
  std::uint64_t room() const;
  std::uint64_t room_in(const OpenPack& pack) const;
  ObjectId new_id() const;
  std::unique_ptr<OpenPack> make_pack() const;

  const Keys& keys_;
  const Environment& environment_;
  const BlobKind kind_;
  const PackLimits limits_;

  std::mutex mutex_;  ///< over all below
  std::vector<std::unique_ptr<OpenPack>> open_;
  std::vector<std::unique_ptr<OpenPack>> free_;
  std::vector<std::unique_ptr<OpenPack>> closing_;
  std::deque<std::unique_ptr<OpenPack>> ready_;
  std::size_t made_ = 0;
  std::uint64_t set_aside_ = 0;
};

}  // namespace stash::engine
