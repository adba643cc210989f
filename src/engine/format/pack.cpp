#include "engine/format/pack.hpp"

#include <bit>

#include "engine/format/codec.hpp"
#include "stash/crypto/xxh3.hpp"

namespace stash::engine {
namespace {

constexpr std::uint32_t kFooterVersion = 1;
constexpr std::uint8_t kTreePack = 1;

Bytes footer_aad(const Keys& keys, BlobKind kind, std::uint32_t raw) {
  Bytes aad;
  ByteWriter w(aad);
  w.bytes(frame_aad(keys.repository(), kFooterKind, Codec::Raw, raw));
  w.bytes(pack_header(kind));
  return aad;
}

Bytes encode_footer(const PackFooter& footer) {
  Bytes plain;
  plain.reserve(12 + footer.frames.size() * 13 + footer.blobs.size() * 44);
  ByteWriter w(plain);
  w.u32(kFooterVersion);
  w.u32(static_cast<std::uint32_t>(footer.frames.size()));
  w.u32(static_cast<std::uint32_t>(footer.blobs.size()));
  for (const FrameInfo& frame : footer.frames) {
    w.u32(frame.offset);
    w.u32(frame.stored);
    w.u32(frame.raw);
    w.u8(static_cast<std::uint8_t>(frame.codec));
  }
  for (const PackBlob& blob : footer.blobs) {
    w.bytes(blob.id.bytes);
    w.u32(blob.frame);
    w.u32(blob.offset);
    w.u32(blob.length);
  }
  return plain;
}

std::uint64_t trailer_sum(BlobKind kind, ByteView length) {
  Bytes covered;
  ByteWriter w(covered);
  w.bytes(pack_header(kind));
  w.bytes(length);
  return crypto::xxh3_64(covered);
}

[[noreturn]] void damaged(const ObjectId& pack, std::string_view what) {
  throw Error(ErrorKind::Corrupt, "{}: damaged: {}", pack_name(pack), what);
}

}  // namespace

std::array<std::byte, kHeaderSize> pack_header(BlobKind kind) {
  return make_header(kPackMagic, kind == BlobKind::Tree ? kTreePack : 0, 0);
}

BlobKind pack_kind(ByteView header, const ObjectId& pack) {
  const Header read = read_header(header, kPackMagic, pack_name(pack));
  if (read.flags > kTreePack || read.last != 0) damaged(pack, "header");
  return read.flags == kTreePack ? BlobKind::Tree : BlobKind::Data;
}

std::uint64_t padme(std::uint64_t size) {
  if (size < 4) return size;
  const unsigned exponent = static_cast<unsigned>(std::bit_width(size)) - 1;
  const unsigned significant = static_cast<unsigned>(std::bit_width(exponent));
  const std::uint64_t mask = (std::uint64_t{1} << (exponent - significant)) - 1;
  return (size + mask) & ~mask;
}

PackFooter decode_footer(ByteView plain, std::uint64_t end) {
  ByteReader r(plain, "pack footer");
  r.require(r.u32() == kFooterVersion, "unknown version");
  const std::uint32_t frames = r.u32();
  const std::uint32_t blobs = r.u32();
  r.require(frames <= r.left() / 13 && blobs <= r.left() / 44, "it counts more than it holds");
  PackFooter footer;
  footer.frames.resize(frames);
  std::uint64_t at = kHeaderSize;
  for (FrameInfo& frame : footer.frames) {
    frame = FrameInfo{r.u32(), r.u32(), r.u32(), static_cast<Codec>(r.u8())};
    r.require(frame.offset == at && frame.stored > crypto::kTagSize && frame.raw <= kMaxFrame &&
                  frame.codec <= Codec::Lz4,
              "a frame is out of place");
    at += frame.stored;
  }
  r.require(at == end, "the frames do not fill the pack");
  footer.blobs.resize(blobs);
  for (PackBlob& blob : footer.blobs) {
    blob.id.bytes = r.array<32>();
    blob.frame = r.u32();
    blob.offset = r.u32();
    blob.length = r.u32();
    r.require(blob.frame < frames && blob.length > 0 &&
                  std::uint64_t{blob.offset} + blob.length <= footer.frames[blob.frame].raw,
              "a blob is out of place");
  }
  for (const std::byte b : r.take(r.left())) r.require(b == std::byte{0}, "bytes follow its end");
  return footer;
}

Bytes seal_footer(const Keys& keys, const ObjectId& pack, BlobKind kind, std::uint64_t offset,
                  const PackFooter& footer, bool pad) {
  Bytes plain = encode_footer(footer);
  if (pad) {
    const std::uint64_t bare = offset + plain.size() + crypto::kTagSize + kTrailerSize;
    plain.insert(plain.end(), static_cast<std::size_t>(padme(bare) - bare), std::byte{0});
  }
  const std::size_t stored = plain.size() + crypto::kTagSize;
  Bytes out(stored);
  crypto::Aes256Gcm(keys.pack_key(pack))
      .seal(offset_nonce(offset), footer_aad(keys, kind, static_cast<std::uint32_t>(plain.size())), plain,
            out);
  ByteWriter w(out);
  w.u32(static_cast<std::uint32_t>(stored));
  w.u64(trailer_sum(kind, ByteView(out).last(4)));
  w.bytes(as_bytes(kPackEndMagic));
  return out;
}

std::uint64_t footer_offset(ByteView trailer, BlobKind kind, std::uint64_t size, const ObjectId& pack) {
  if (trailer.size() != kTrailerSize || as_text(trailer.last(4)) != kPackEndMagic)
    damaged(pack, "no trailer");
  ByteReader r(trailer, "pack trailer");
  const std::uint32_t stored = r.u32();
  if (r.u64() != trailer_sum(kind, trailer.first(4))) damaged(pack, "trailer");
  if (size > kMaxPack || stored < crypto::kTagSize + 12 || stored + kTrailerSize + kHeaderSize > size)
    damaged(pack, "wrong length");
  return size - kTrailerSize - stored;
}

PackFooter open_footer(const Keys& keys, const ObjectId& pack, BlobKind kind, std::uint64_t offset,
                       ByteView stored) {
  if (stored.size() < crypto::kTagSize) damaged(pack, "footer");
  Bytes plain(stored.size() - crypto::kTagSize);
  const Bytes aad = footer_aad(keys, kind, static_cast<std::uint32_t>(plain.size()));
  if (!crypto::Aes256Gcm(keys.pack_key(pack)).open(offset_nonce(offset), aad, stored, plain))
    damaged(pack, "footer");
  return doing(pack_name(pack), [&] { return decode_footer(plain, offset); });
}

}  // namespace stash::engine
