#pragma once

// Objects under tomb/<ulid>, sealed (format/sealed.hpp), never changed:
//   tomb    magic "STTB": a collector will delete these packs unless a snapshot needs them
//   release magic "STRL": these packs of that tomb are not deleted after all; final
// A pack is condemned while some tomb names it and no release of that tomb does.
//
// Plain bytes: version u32 (1), [release: the tomb's ulid, 26 bytes], packs u32, packs x id 16

#include <set>
#include <string>
#include <vector>

#include "engine/format/ids.hpp"
#include "engine/format/keys.hpp"

namespace stash::engine {

struct Tomb {
  std::string id;        ///< its ulid
  std::string releases;  ///< ulid of the tomb whose packs are released; empty: this is a tomb
  std::vector<ObjectId> packs;

  Tomb() {}
  bool operator==(const Tomb&) const = default;
};

std::string tomb_name(std::string_view id);
Bytes seal_tomb(const Keys& keys, const Tomb& tomb);
/// Error(Corrupt) that names the object.
Tomb open_tomb(const Keys& keys, std::string id, ByteView sealed);

/// Packs that the tombs condemn, releases considered.
std::set<ObjectId> condemned_packs(const std::vector<Tomb>& tombs);

}  // namespace stash::engine
