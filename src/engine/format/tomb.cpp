#include "engine/format/tomb.hpp"

#include <map>

#include "engine/format/codec.hpp"
#include "engine/format/sealed.hpp"

namespace stash::engine {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kUlidSize = 26;

}  // namespace

std::string tomb_name(std::string_view id) { return fmt::format("{}{}", kTombPrefix, id); }

Bytes seal_tomb(const Keys& keys, const Tomb& tomb) {
  const bool is_release = !tomb.releases.empty();
  Bytes plain;
  ByteWriter w(plain);
  w.u32(kVersion);
  if (is_release) w.bytes(as_bytes(tomb.releases));
  w.u32(static_cast<std::uint32_t>(tomb.packs.size()));
  for (const ObjectId& pack : tomb.packs) w.bytes(pack.bytes);
  return seal_object(keys, is_release ? kReleaseMagic : kTombMagic, tomb_name(tomb.id), plain);
}

Tomb open_tomb(const Keys& keys, std::string id, ByteView sealed) {
  const bool is_release = magic_of(sealed) == kReleaseMagic;
  const std::string name = tomb_name(id);
  const Bytes plain = open_object(keys, is_release ? kReleaseMagic : kTombMagic, name, sealed);
  ByteReader r(plain, name);
  r.require(r.u32() == kVersion, "unknown version");
  Tomb tomb;
  tomb.id = std::move(id);
  if (is_release) {
    tomb.releases = as_text(r.take(kUlidSize));
    r.require(is_ulid(tomb.releases), "it releases what is no tomb");
  }
  const std::uint32_t packs = r.u32();
  r.require(std::uint64_t{packs} * 16 == r.left(), "its count does not fit its length");
  for (std::uint32_t i = 0; i < packs; ++i) tomb.packs.push_back({r.array<16>()});
  return tomb;
}

std::set<ObjectId> condemned_packs(const std::vector<Tomb>& tombs) {
  std::map<std::string, std::set<ObjectId>> by_tomb;
  for (const Tomb& tomb : tombs)
    if (tomb.releases.empty()) by_tomb[tomb.id].insert(tomb.packs.begin(), tomb.packs.end());
  for (const Tomb& release : tombs) {
    const auto it = by_tomb.find(release.releases);
    if (it == by_tomb.end()) continue;
    for (const ObjectId& pack : release.packs) it->second.erase(pack);
  }
  std::set<ObjectId> all;
  for (const auto& [id, packs] : by_tomb) all.insert(packs.begin(), packs.end());
  return all;
}

}  // namespace stash::engine
