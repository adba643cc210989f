#include "engine/format/tomb.hpp"

#include "engine/format/codec.hpp"
#include "engine/format/sealed.hpp"

namespace stash::engine {
namespace {

constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kUlid = 26;

}  // namespace

std::string tomb_name(std::string_view id) { return fmt::format("{}{}", kTombPrefix, id); }

Bytes encode_tomb(const Tomb& tomb) {
  Bytes plain;
  ByteWriter w(plain);
  w.u32(kVersion);
  w.u32(static_cast<std::uint32_t>(tomb.packs.size()));
  for (const ObjectId& pack : tomb.packs) w.bytes(pack.bytes);
  w.u32(static_cast<std::uint32_t>(tomb.settled.size()));
  for (const std::string& ulid : tomb.settled) w.bytes(as_bytes(ulid));
  return plain;
}

Tomb decode_tomb(ByteView plain, std::string_view what) {
  ByteReader r(plain, what);
  const std::uint32_t version = r.u32();
  r.require(version == 1 || version == kVersion, "unknown version");
  const std::uint32_t packs = r.u32();
  r.require(std::uint64_t{packs} * 16 <= r.left(), "it names more packs than its length allows");
  Tomb tomb;
  for (std::uint32_t i = 0; i < packs; ++i) tomb.packs.push_back({r.array<16>()});
  const std::uint32_t settled = version == 1 ? 0 : r.u32();
  r.require(std::uint64_t{settled} * kUlid == r.left(), "its counts do not fit its length");
  for (std::uint32_t i = 0; i < settled; ++i) {
    const std::string_view ulid = as_text(r.take(kUlid));
    r.require(is_ulid(ulid), "it names something that is no tomb");
    tomb.settled.emplace_back(ulid);
  }
  return tomb;
}

Bytes seal_tomb(const Keys& keys, const Tomb& tomb) {
  return seal_object(keys, kTombMagic, tomb_name(tomb.id), encode_tomb(tomb));
}

Tomb open_tomb(const Keys& keys, std::string id, ByteView sealed) {
  const std::string name = tomb_name(id);
  const Bytes plain = open_object(keys, kTombMagic, name, sealed);
  Tomb tomb = decode_tomb(plain, name);
  tomb.id = std::move(id);
  return tomb;
}

}  // namespace stash::engine
