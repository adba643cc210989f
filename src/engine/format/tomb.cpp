#include "engine/format/tomb.hpp"

#include "engine/format/codec.hpp"
#include "engine/format/sealed.hpp"

namespace stash::engine {
namespace {

constexpr std::uint32_t kVersion = 1;

}  // namespace

std::string tomb_name(std::string_view id) { return fmt::format("{}{}", kTombPrefix, id); }

Bytes seal_tomb(const Keys& keys, const Tomb& tomb) {
  Bytes plain;
  ByteWriter w(plain);
  w.u32(kVersion);
  w.u32(static_cast<std::uint32_t>(tomb.packs.size()));
  for (const ObjectId& pack : tomb.packs) w.bytes(pack.bytes);
  return seal_object(keys, kTombMagic, tomb_name(tomb.id), plain);
}

Tomb open_tomb(const Keys& keys, std::string id, ByteView sealed) {
  const std::string name = tomb_name(id);
  const Bytes plain = open_object(keys, kTombMagic, name, sealed);
  ByteReader r(plain, name);
  r.require(r.u32() == kVersion, "unknown version");
  const std::uint32_t packs = r.u32();
  r.require(std::uint64_t{packs} * 16 == r.left(), "its count does not fit its length");
  Tomb tomb;
  tomb.id = std::move(id);
  for (std::uint32_t i = 0; i < packs; ++i) tomb.packs.push_back({r.array<16>()});
  return tomb;
}

}  // namespace stash::engine
