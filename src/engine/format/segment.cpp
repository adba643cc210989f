#include "engine/format/segment.hpp"

#include <algorithm>

#include "engine/format/codec.hpp"
#include "engine/format/pack.hpp"

namespace stash::engine {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCounts = 5 * 4;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kPackBytes = 16 + 8 + 16 + 1 + 4 + 4;
constexpr std::size_t kFrameBytes = 13;

std::uint32_t count(std::size_t n) { return static_cast<std::uint32_t>(n); }

bool by_id(const SegmentBlob& a, const SegmentBlob& b) {
  return std::tie(a.id, a.pack, a.frame, a.offset) < std::tie(b.id, b.pack, b.frame, b.offset);
}

void require(bool holds, std::string_view wrong) {
  if (!holds) throw Error(ErrorKind::Corrupt, "damaged index segment: {}", wrong);
}

std::uint32_t u32_at(ByteView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  return value;
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

SegmentPack read_pack(ByteReader& r) {
  SegmentPack pack;
  pack.id.bytes = r.array<16>();
  pack.size = r.u64();
  pack.checksum = r.array<16>();
  pack.kind = static_cast<BlobKind>(r.u8());
  pack.first_frame = r.u32();
  pack.frames = r.u32();
  return pack;
}

}  // namespace

void append_pack(Segment& segment, SegmentPack pack, const PackFooter& footer) {
  const std::uint32_t number = count(segment.packs.size());
  pack.first_frame = count(segment.frames.size());
  pack.frames = count(footer.frames.size());
  segment.packs.push_back(pack);
  segment.frames.insert(segment.frames.end(), footer.frames.begin(), footer.frames.end());
  for (const PackBlob& blob : footer.blobs)
    segment.blobs.push_back({blob.id, number, pack.first_frame + blob.frame, blob.offset, blob.length});
}

SegmentView::SegmentView(ByteView bytes) {
  ByteReader r(bytes, "index segment");
  r.require(r.u32() == kVersion, "unknown version");
  const std::uint64_t superseded = r.u32();
  const std::uint64_t packs = r.u32();
  const std::uint64_t frames = r.u32();
  blobs_ = r.u32();
  // Before any memory is taken: the counts must add up to exactly what is there.
  r.require(superseded * kIdBytes + packs * kPackBytes + frames * kFrameBytes + blobs_ * kSegmentBlobBytes ==
                r.left(),
            "its counts do not fit its length");
  superseded_ = r.take(superseded * kIdBytes);
  packs_.reserve(packs);
  for (std::uint64_t i = 0; i < packs; ++i) packs_.push_back(read_pack(r));
  frames_ = r.take(frames * kFrameBytes);
  columns_ = r.take(blobs_ * kSegmentBlobBytes);
  check_packs();
  check_frames();
  check_blobs();
}

void SegmentView::check_packs() const {
  std::uint64_t first = 0;
  for (const SegmentPack& pack : packs_) {
    require(pack.kind <= BlobKind::Tree && pack.first_frame == first, "a pack is out of place");
    first += pack.frames;
    require(first <= frames(), "a pack counts more frames than there are");
  }
  require(first == frames(), "frames belong to no pack");
}

void SegmentView::check_frames() const {
  for (const SegmentPack& pack : packs_)
    for (std::uint32_t i = 0; i < pack.frames; ++i) {
      const FrameInfo f = frame(pack.first_frame + i);
      require(f.raw <= kMaxFrame && f.codec <= Codec::Lz4, "a frame is too large");
      require(std::uint64_t{f.offset} + f.stored <= pack.size && f.stored > crypto::kTagSize,
              "a frame lies outside its pack");
    }
}

void SegmentView::check_blobs() const {
  SegmentBlob before;
  for (std::size_t i = 0; i < blobs_; ++i) {
    const SegmentBlob b = blob(i);
    require(b.pack < packs_.size(), "a blob is in no pack");
    const SegmentPack& pack = packs_[b.pack];
    require(b.frame >= pack.first_frame && b.frame - pack.first_frame < pack.frames,
            "a blob is in a frame of another pack");
    require(b.length > 0 && std::uint64_t{b.offset} + b.length <= frame(b.frame).raw,
            "a blob lies outside its frame");
    require(i == 0 || !by_id(b, before), "blobs are out of order");
    before = b;
  }
}

std::vector<ObjectId> SegmentView::superseded() const {
  std::vector<ObjectId> ids(superseded_.size() / kIdBytes);
  for (std::size_t i = 0; i < ids.size(); ++i)
    std::ranges::copy(superseded_.subspan(i * kIdBytes, kIdBytes), ids[i].bytes.begin());
  return ids;
}

std::size_t SegmentView::frames() const { return frames_.size() / kFrameBytes; }

FrameInfo SegmentView::frame(std::size_t number) const {
  const ByteView bytes = frames_.subspan(number * kFrameBytes, kFrameBytes);
  return {u32_at(bytes, 0), u32_at(bytes, 4), u32_at(bytes, 8),
          static_cast<Codec>(std::to_integer<std::uint8_t>(bytes[12]))};
}

SegmentBlob SegmentView::blob(std::size_t number) const {
  const auto u32_in = [&](std::size_t column) { return u32_at(columns_, blobs_ * column + number * 4); };
  SegmentBlob blob;
  std::ranges::copy(columns_.subspan(number * 16, 16), blob.id.bytes.begin());
  std::ranges::copy(columns_.subspan((blobs_ + number) * 16, 16), blob.id.bytes.begin() + 16);
  blob.pack = u32_in(32);
  blob.frame = u32_in(36);
  blob.offset = u32_in(40);
  blob.length = u32_in(44);
  return blob;
}

BlobKey SegmentView::key(std::size_t number) const {
  BlobId id;
  std::ranges::copy(columns_.subspan(number * 16, 16), id.bytes.begin());
  return key_of(id);
}

std::uint32_t SegmentView::pack_of(std::size_t number) const {
  return u32_at(columns_, blobs_ * 32 + number * 4);
}

std::size_t encoded_size(const Segment& segment) {
  return kCounts + segment.superseded.size() * kIdBytes + segment.packs.size() * kPackBytes +
         segment.frames.size() * kFrameBytes + segment.blobs.size() * kSegmentBlobBytes;
}

Bytes encode_segment(Segment segment) {
  std::ranges::sort(segment.blobs, by_id);
  Bytes plain;
  plain.reserve(encoded_size(segment));
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
  const SegmentView view(bytes);
  Segment segment;
  segment.superseded = view.superseded();
  segment.packs = view.packs();
  segment.frames.reserve(view.frames());
  for (std::size_t i = 0; i < view.frames(); ++i) segment.frames.push_back(view.frame(i));
  segment.blobs.reserve(view.blobs());
  for (std::size_t i = 0; i < view.blobs(); ++i) segment.blobs.push_back(view.blob(i));
  return segment;
}

}  // namespace stash::engine
