#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/blobs/blob_reader.hpp"
#include "engine/format/pack.hpp"

namespace stash::engine {

/// A blob that a pack's footer or the index says to be in a frame.
struct ClaimedBlob {
  BlobKey key;
  std::uint32_t offset = 0;  ///< in the decoded frame
  std::uint32_t length = 0;
};

struct ClaimedFrame {
  FrameInfo frame;
  std::vector<ClaimedBlob> blobs;

  /// Raw bytes of the blobs together.
  std::uint64_t bytes() const;
};

/// What a pack is said to hold.
struct PackClaims {
  BlobKind kind = BlobKind::Data;
  std::vector<ClaimedFrame> frames;  ///< by offset
  std::string fault;                 ///< what is wrong with the pack beside its frames; "" for a sound one

  PackClaims() {}
};

/// The claims of the footer, or of the index where it names the pack and the footer cannot be read; nothing
/// when neither can tell. `bytes` are the whole pack. Any thread, while nothing is added to the index.
std::optional<PackClaims> claims_of(const Keys& keys, const Index& index, const ObjectId& pack,
                                    ByteView bytes);

/// Gives each blob of the frame that has the content its id was made of to `keep`, and the keys of the others
/// back. Any thread.
std::vector<BlobKey> salvage(const BlobReader& reader, const Keys& keys, const ObjectId& pack, BlobKind kind,
                             const ClaimedFrame& claimed, ByteView bytes,
                             const std::function<void(ByteView blob)>& keep);

}  // namespace stash::engine
