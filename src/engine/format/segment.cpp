#include "engine/format/segment.hpp"

#include <algorithm>

#include "engine/format/codec.hpp"

namespace stash::engine {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kPackBytes = 16 + 8 + 16 + 1 + 4 + 4;
constexpr std::size_t kFrameBytes = 13;
constexpr std::size_t kBlobBytes = 16 + 16 + 4 * 4;

std::uint32_t count(std::size_t n) { return static_cast<std::uint32_t>(n); }

bool by_id(const SegmentBlob& a, const SegmentBlob& b) {
  return std::tie(a.id, a.pack, a.frame, a.offset) < std::tie(b.id, b.pack, b.frame, b.offset);
}

void write_tables(ByteWriter& w, const Segment& segment) {
  w.u32(kVersion);
  w.u32(count(segment.superseded.size()));
  w.u32(count(segment.packs.size()));
  w.u32(count(segment.frames.size()));
  w.u32(count(segment.blobs.size()));
  for (const ObjectId& id : segment.superseded) w.bytes(id.bytes);
  for (const SegmentPack& pack : segment.packs) {
    w.bytes(pack.id.bytes);
    w.u64(pack.size);
    w.bytes(pack.checksum);
    w.u8(static_cast<std::uint8_t>(pack.kind));
    w.u32(pack.first_frame);
    w.u32(pack.frames);
  }
  for (const FrameInfo& frame : segment.frames) {
    w.u32(frame.offset);
    w.u32(frame.stored);
    w.u32(frame.raw);
    w.u8(static_cast<std::uint8_t>(frame.codec));
  }
}

void read_packs(ByteReader& r, Segment& segment) {
  std::uint64_t frames = 0;
  for (SegmentPack& pack : segment.packs) {
    pack.id.bytes = r.array<16>();
    pack.size = r.u64();
    pack.checksum = r.array<16>();
    pack.kind = static_cast<BlobKind>(r.u8());
    pack.first_frame = r.u32();
    pack.frames = r.u32();
    r.require(pack.kind <= BlobKind::Tree && pack.first_frame == frames, "a pack is out of place");
    frames += pack.frames;
    r.require(frames <= segment.frames.size(), "a pack counts more frames than there are");
  }
  r.require(frames == segment.frames.size(), "frames belong to no pack");
}

void read_frames(ByteReader& r, Segment& segment) {
  for (FrameInfo& frame : segment.frames) {
    frame = FrameInfo{r.u32(), r.u32(), r.u32(), static_cast<Codec>(r.u8())};
    r.require(frame.raw <= kMaxFrame && frame.codec <= Codec::Lz4, "a frame is too large");
  }
  for (const SegmentPack& pack : segment.packs)
    for (std::uint32_t i = 0; i < pack.frames; ++i) {
      const FrameInfo& frame = segment.frames[pack.first_frame + i];
      r.require(std::uint64_t{frame.offset} + frame.stored <= pack.size && frame.stored > crypto::kTagSize,
                "a frame lies outside its pack");
    }
}

void read_blobs(ByteReader& r, Segment& segment) {
  for (SegmentBlob& blob : segment.blobs) std::ranges::copy(r.take(16), blob.id.bytes.begin());
  for (SegmentBlob& blob : segment.blobs) std::ranges::copy(r.take(16), blob.id.bytes.begin() + 16);
  for (SegmentBlob& blob : segment.blobs) blob.pack = r.u32();
  for (SegmentBlob& blob : segment.blobs) blob.frame = r.u32();
  for (SegmentBlob& blob : segment.blobs) blob.offset = r.u32();
  for (SegmentBlob& blob : segment.blobs) blob.length = r.u32();
  for (const SegmentBlob& blob : segment.blobs) {
    r.require(blob.pack < segment.packs.size(), "a blob is in no pack");
    const SegmentPack& pack = segment.packs[blob.pack];
    r.require(blob.frame >= pack.first_frame && blob.frame - pack.first_frame < pack.frames,
              "a blob is in a frame of another pack");
    r.require(blob.length > 0 && std::uint64_t{blob.offset} + blob.length <= segment.frames[blob.frame].raw,
              "a blob lies outside its frame");
  }
  r.require(std::ranges::is_sorted(segment.blobs, by_id), "blobs are out of order");
}

}  // namespace

Bytes encode_segment(Segment segment) {
  std::ranges::sort(segment.blobs, by_id);
  Bytes plain;
  plain.reserve(20 + segment.superseded.size() * 16 + segment.packs.size() * kPackBytes +
                segment.frames.size() * kFrameBytes + segment.blobs.size() * kBlobBytes);
  ByteWriter w(plain);
  write_tables(w, segment);
  for (const SegmentBlob& blob : segment.blobs) w.bytes(ByteView(blob.id.bytes).first(16));
  for (const SegmentBlob& blob : segment.blobs) w.bytes(ByteView(blob.id.bytes).last(16));
  for (const SegmentBlob& blob : segment.blobs) w.u32(blob.pack);
  for (const SegmentBlob& blob : segment.blobs) w.u32(blob.frame);
  for (const SegmentBlob& blob : segment.blobs) w.u32(blob.offset);
  for (const SegmentBlob& blob : segment.blobs) w.u32(blob.length);
  return plain;
}

Segment decode_segment(ByteView bytes) {
  ByteReader r(bytes, "index segment");
  r.require(r.u32() == kVersion, "unknown version");
  const std::uint64_t superseded = r.u32();
  const std::uint64_t packs = r.u32();
  const std::uint64_t frames = r.u32();
  const std::uint64_t blobs = r.u32();
  // Before any memory is taken: the counts must add up to exactly what is there.
  r.require(superseded * 16 + packs * kPackBytes + frames * kFrameBytes + blobs * kBlobBytes == r.left(),
            "its counts do not fit its length");
  Segment segment;
  segment.superseded.resize(superseded);
  for (ObjectId& id : segment.superseded) id.bytes = r.array<16>();
  segment.packs.resize(packs);
  segment.frames.resize(frames);
  segment.blobs.resize(blobs);
  read_packs(r, segment);
  read_frames(r, segment);
  read_blobs(r, segment);
  r.end();
  return segment;
}

}  // namespace stash::engine
