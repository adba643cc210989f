#include "engine/blobs/pack_lane.hpp"

#include <algorithm>
#include <cassert>

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// Beyond the target: one whole frame, tags, and what the footer has of frames. Untouched pages cost nothing.
constexpr std::uint64_t kSlack = kMaxFrame + (std::uint64_t{4} << 20);

}  // namespace

OpenPack::OpenPack(ObjectId i, crypto::Key k, BlobKind kind, std::uint64_t room)
    : id(i), key(k), memory(room), used(kHeaderSize) {
  std::ranges::copy(pack_header(kind), memory.data());
}

PackLane::PackLane(const Keys& keys, const Environment& environment, BlobKind kind, PackLimits limits)
    : keys_(keys), environment_(environment), kind_(kind), limits_(limits), open_(limits.open) {
  assert(limits.buffers > limits.open);
}

ObjectId PackLane::new_id() const {
  return ObjectId::make_dated(environment_.random, environment_.timers.now());
}

std::unique_ptr<OpenPack> PackLane::make_pack() const {
  const ObjectId id = new_id();
  return std::make_unique<OpenPack>(id, keys_.pack_key(id), kind_, limits_.target + kSlack);
}

std::uint64_t PackLane::room() const {
  std::uint64_t room = free_.size() * limits_.target;
  for (const auto& pack : open_)
    if (pack) room += room_in(*pack);
  return room;
}

bool PackLane::try_admit(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  while (room() < set_aside_ + bytes && made_ < limits_.buffers) {
    free_.push_back(make_pack());
    ++made_;
  }
  if (room() < set_aside_ + bytes) return false;
  set_aside_ += bytes;
  return true;
}

void PackLane::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  assert(bytes <= set_aside_);
  set_aside_ -= bytes;
}

std::uint64_t PackLane::room_in(const OpenPack& pack) const {
  return limits_.target - std::min(pack.charged, limits_.target);
}

void PackLane::close(std::size_t slot) {
  auto pack = std::move(open_[slot]);
  pack->closed = true;
  if (pack->sealing == 0)
    ready_.push_back(std::move(pack));
  else
    closing_.push_back(std::move(pack));
}

/// A pack with room for one more frame: that of the slot, or a free one in its place, or another open one.
/// There is one, since room was set aside.
OpenPack& PackLane::open_pack(std::size_t slot) {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const std::size_t at = (slot + i) % open_.size();
    if (open_[at] && room_in(*open_[at]) > 0) return *open_[at];
    if (free_.empty()) continue;
    if (open_[at]) close(at);
    open_[at] = std::move(free_.back());
    free_.pop_back();
    return *open_[at];
  }
  throw Error(ErrorKind::Internal, "no pack has room for a frame");
}

void PackLane::put(ByteView raw, const std::vector<FrameBlob>& blobs, std::uint64_t set_aside) {
  thread_local Bytes scratch;
  put(compress(raw, scratch), raw.size(), blobs, set_aside);
}

void PackLane::put(const Payload& payload, std::size_t raw, const std::vector<FrameBlob>& blobs,
                   std::uint64_t set_aside) {
  const auto stored = static_cast<std::uint32_t>(payload.bytes.size() + crypto::kTagSize);
  const auto raw_size = static_cast<std::uint32_t>(raw);
  const std::size_t slot = std::to_integer<std::size_t>(blobs.front().id.bytes[31]) % limits_.open;

  OpenPack* pack = nullptr;
  std::uint64_t offset = 0;
  {
    const std::lock_guard lock(mutex_);
    pack = &open_pack(slot);
    set_aside_ -= set_aside;
    offset = pack->used;
    pack->used += stored;
    pack->charged += payload.bytes.size() + (set_aside - raw);
    ++pack->sealing;
    const auto frame = static_cast<std::uint32_t>(pack->footer.frames.size());
    pack->footer.frames.push_back({static_cast<std::uint32_t>(offset), stored, raw_size, payload.codec});
    for (const FrameBlob& blob : blobs)
      pack->footer.blobs.push_back({blob.id, frame, blob.offset, blob.length});
  }

  crypto::Aes256Gcm(pack->key).seal(
      offset_nonce(offset),
      frame_aad(keys_.repository(), static_cast<std::uint8_t>(kind_), payload.codec, raw_size), payload.bytes,
      {pack->memory.data() + offset, stored});

  const std::lock_guard lock(mutex_);
  if (--pack->sealing > 0 || !pack->closed) return;
  const auto it = std::ranges::find(closing_, pack, &std::unique_ptr<OpenPack>::get);
  ready_.push_back(std::move(*it));
  closing_.erase(it);
}

void PackLane::close_all() {
  const std::lock_guard lock(mutex_);
  for (std::size_t slot = 0; slot < open_.size(); ++slot)
    if (open_[slot] && !open_[slot]->footer.frames.empty()) close(slot);
}

void PackLane::release_memory() {
  const std::lock_guard lock(mutex_);
  assert(set_aside_ == 0);
  made_ -= free_.size();
  free_.clear();
}

std::unique_ptr<OpenPack> PackLane::take_ready() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return nullptr;
  auto pack = std::move(ready_.front());
  ready_.pop_front();
  return pack;
}

bool PackLane::has_ready() {
  const std::lock_guard lock(mutex_);
  return !ready_.empty();
}

void PackLane::give_back(std::unique_ptr<OpenPack> pack) {
  pack->id = new_id();
  pack->key = keys_.pack_key(pack->id);
  pack->used = kHeaderSize;
  pack->charged = 0;
  pack->closed = false;
  pack->footer = {};
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(pack));
}

void PackLane::complete(OpenPack& pack) const {
  const bool is_short = pack.charged < limits_.target;
  const Bytes footer = seal_footer(keys_, pack.id, kind_, pack.used, pack.footer, is_short);
  if (pack.used + footer.size() > pack.memory.size()) {
    // Padding of a large pack may be more than the slack.
    PageBuffer larger(pack.used + footer.size());
    std::ranges::copy(pack.view(), larger.data());
    pack.memory = std::move(larger);
  }
  std::ranges::copy(footer, pack.memory.data() + pack.used);
  pack.used += footer.size();
}

}  // namespace stash::engine
