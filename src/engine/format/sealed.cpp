#include "engine/format/sealed.hpp"

#include "engine/format/codec.hpp"
#include "engine/format/frame.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kStoredPiece = kPiece + crypto::kTagSize;

Bytes piece_aad(const Keys& keys, ByteView header, std::uint32_t number) {
  Bytes aad;
  ByteWriter w(aad);
  w.bytes(keys.repository().bytes);
  w.bytes(header);
  w.u32(number);
  return aad;
}

}  // namespace

std::array<std::byte, kHeaderSize> make_header(std::string_view magic, std::uint8_t flags,
                                               std::uint32_t last) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.bytes(as_bytes(magic));
  w.u8(kSealedVersion);
  w.u8(kCipherAesGcm);
  w.u8(flags);
  w.u8(0);
  w.u32(0);
  w.u32(last);
  std::array<std::byte, kHeaderSize> header{};
  std::ranges::copy(bytes, header.begin());
  return header;
}

Header read_header(ByteView bytes, std::string_view magic, std::string_view name) {
  ByteReader r(bytes, name);
  r.require(as_text(r.take(magic.size())) == magic, "it does not begin as such an object does");
  const std::uint8_t version = r.u8();
  const std::uint8_t cipher = r.u8();
  Header header;
  header.flags = r.u8();
  const std::uint8_t keyref = r.u8();
  const std::uint32_t extra = r.u32();
  header.last = r.u32();
  if (version != kSealedVersion || cipher != kCipherAesGcm || keyref != 0 || extra != 0)
    throw Error(ErrorKind::Unsupported,
                "{}: damaged, or written by a newer version (version {}, cipher {}, key {})", name, version,
                cipher, keyref);
  return header;
}

Bytes seal_object(const Keys& keys, std::string_view magic, std::string_view name, ByteView plain) {
  const std::size_t pieces = std::max<std::size_t>(1, (plain.size() + kPiece - 1) / kPiece);
  const auto header = make_header(magic, 0, static_cast<std::uint32_t>(pieces));
  crypto::Aes256Gcm cipher(keys.object_key(name));
  Bytes sealed(header.size() + plain.size() + pieces * crypto::kTagSize);
  std::ranges::copy(header, sealed.begin());
  std::span<std::byte> out = std::span(sealed).subspan(header.size());
  for (std::size_t i = 0; i < pieces; ++i) {
    const ByteView piece = plain.subspan(i * kPiece, std::min(kPiece, plain.size() - i * kPiece));
    const auto number = static_cast<std::uint32_t>(i);
    cipher.seal(offset_nonce(i), piece_aad(keys, header, number), piece,
                out.first(piece.size() + crypto::kTagSize));
    out = out.subspan(piece.size() + crypto::kTagSize);
  }
  return sealed;
}

Bytes open_object(const Keys& keys, std::string_view magic, std::string_view name, ByteView sealed) {
  const Header header = read_header(sealed, magic, name);
  const ByteView head = sealed.first(kHeaderSize);
  ByteView rest = sealed.subspan(kHeaderSize);
  const std::size_t pieces = std::max<std::size_t>(1, (rest.size() + kStoredPiece - 1) / kStoredPiece);
  // Without all of the last tag the pieces before would not fit into what is made for them.
  const std::size_t last = rest.size() - (pieces - 1) * kStoredPiece;
  if (pieces != header.last || last < crypto::kTagSize)
    throw Error(ErrorKind::Corrupt, "{}: damaged: wrong length", name);
  crypto::Aes256Gcm cipher(keys.object_key(name));
  Bytes plain(rest.size() - pieces * crypto::kTagSize);
  std::span<std::byte> out = plain;
  for (std::uint32_t i = 0; i < pieces; ++i) {
    const ByteView piece = rest.first(std::min(rest.size(), kStoredPiece));
    const std::size_t size = piece.size() - crypto::kTagSize;
    if (!cipher.open(offset_nonce(i), piece_aad(keys, head, i), piece, out.first(size)))
      throw Error(ErrorKind::Corrupt, "{}: damaged, or not of this repository", name);
    rest = rest.subspan(piece.size());
    out = out.subspan(size);
  }
  return plain;
}

}  // namespace stash::engine
