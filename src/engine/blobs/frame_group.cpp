#include "engine/blobs/frame_group.hpp"

#include <utility>

#include "engine/format/frame.hpp"

namespace stash::engine {
namespace {

/// Blobs that share a frame at most: the smaller they are, the more they take beside their bytes.
constexpr std::size_t kMaxGroupBlobs = 2048;

}  // namespace

bool FrameGroup::Frame::is_full() const {
  return raw.size() >= kGroupTarget || blobs.size() >= kMaxGroupBlobs;
}

void FrameGroup::add(const BlobId& id, ByteView bytes, std::uint64_t set_aside) {
  Frame full;
  {
    const std::lock_guard lock(mutex_);
    filling_.blobs.push_back(
        {id, static_cast<std::uint32_t>(filling_.raw.size()), static_cast<std::uint32_t>(bytes.size())});
    append(filling_.raw, bytes);
    filling_.set_aside += set_aside;
    if (!filling_.is_full()) return;
    full = std::exchange(filling_, Frame());
    filling_.raw.reserve(kGroupTarget + kGroupBelow);
  }
  put(full);
}

void FrameGroup::put() {
  const std::lock_guard lock(mutex_);
  const Frame last = std::exchange(filling_, Frame());
  if (!last.blobs.empty()) put(last);
}

}  // namespace stash::engine
