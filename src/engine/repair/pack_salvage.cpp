#include "engine/repair/pack_salvage.hpp"

#include <map>

namespace stash::engine {
namespace {

using Frames = std::map<std::uint32_t, ClaimedFrame>;  ///< by offset

PackFooter footer_of(const Keys& keys, const ObjectId& pack, BlobKind kind, ByteView bytes) {
  if (bytes.size() < kHeaderSize + kTrailerSize)
    throw Error(ErrorKind::Corrupt, "{}: damaged: too short", pack_name(pack));
  const std::uint64_t at = footer_offset(bytes.last(kTrailerSize), kind, bytes.size(), pack);
  return open_footer(keys, pack, kind, at, bytes.subspan(at, bytes.size() - kTrailerSize - at));
}

/// Tries both kinds: the header that states it may be what is damaged.
std::optional<PackFooter> find_footer(const Keys& keys, const ObjectId& pack, ByteView bytes, BlobKind& kind,
                                      std::string& fault) {
  for (const BlobKind guess : {kind, kind == BlobKind::Data ? BlobKind::Tree : BlobKind::Data}) {
    try {
      PackFooter footer = footer_of(keys, pack, guess, bytes);
      kind = guess;
      return footer;
    } catch (const Error& e) {
      if (fault.empty()) fault = e.what();
    }
  }
  return std::nullopt;
}

Frames frames_of(const PackFooter& footer) {
  Frames frames;
  for (const PackBlob& blob : footer.blobs) {
    const FrameInfo& frame = footer.frames[blob.frame];
    ClaimedFrame& claimed = frames[frame.offset];
    claimed.frame = frame;
    claimed.blobs.push_back({key_of(blob.id), blob.offset, blob.length});
  }
  return frames;
}

Frames frames_of(const Index& index, const ObjectId& pack, BlobKind kind) {
  Frames frames;
  for (const Index::Row& row : index.rows(kind)) {
    if (index.packs()[row.place.pack].id != pack) continue;
    const FramePlace place = index.frame(row.place);
    ClaimedFrame& claimed = frames[place.offset];
    claimed.frame = {place.offset, place.stored, place.raw, place.codec};
    claimed.blobs.push_back({row.key, row.place.offset, row.place.length});
  }
  return frames;
}

std::string header_fault(const ObjectId& pack, BlobKind kind, ByteView bytes) {
  try {
    const BlobKind stated = pack_kind(bytes.first(std::min(bytes.size(), kHeaderSize)), pack);
    return stated == kind ? "" : fmt::format("{}: damaged: its header states another kind", pack_name(pack));
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

std::uint64_t ClaimedFrame::bytes() const {
  std::uint64_t sum = 0;
  for (const ClaimedBlob& blob : blobs) sum += blob.length;
  return sum;
}

std::optional<PackClaims> claims_of(const Keys& keys, const Index& index, const ObjectId& pack,
                                    ByteView bytes) {
  const Index::Pack* known = index.pack(pack);
  PackClaims claims;
  if (known) claims.kind = known->kind;
  const auto footer = find_footer(keys, pack, bytes, claims.kind, claims.fault);
  if (!footer && !known) return std::nullopt;
  if (footer) claims.fault = header_fault(pack, claims.kind, bytes);
  if (footer && known && known->size != bytes.size())
    claims.fault = fmt::format("{} has {} bytes instead of {}", pack_name(pack), bytes.size(), known->size);
  for (auto& [offset, frame] : footer ? frames_of(*footer) : frames_of(index, pack, claims.kind))
    claims.frames.push_back(std::move(frame));
  return claims;
}

std::vector<BlobKey> salvage(const BlobReader& reader, const Keys& keys, const ObjectId& pack, BlobKind kind,
                             const ClaimedFrame& claimed, ByteView bytes,
                             const std::function<void(ByteView)>& keep) {
  std::vector<BlobKey> lost;
  const FrameInfo& f = claimed.frame;
  Bytes raw;
  try {
    const std::uint64_t begin = std::min<std::uint64_t>(f.offset, bytes.size());
    const std::uint64_t length = std::min<std::uint64_t>(f.stored, bytes.size() - begin);
    const FramePlace place{pack, f.offset, f.stored, f.raw, f.codec};
    raw = reader.decode(place, kind, bytes.subspan(begin, length));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
  }
  for (const ClaimedBlob& blob : claimed.blobs) {
    const bool inside = std::uint64_t{blob.offset} + blob.length <= raw.size();
    const ByteView content = inside ? ByteView(raw).subspan(blob.offset, blob.length) : ByteView();
    if (!content.empty() && key_of(keys.id_of(kind, content)) == blob.key)
      keep(content);
    else
      lost.push_back(blob.key);
  }
  return lost;
}

}  // namespace stash::engine
