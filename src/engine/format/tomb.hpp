#pragma once

// Object tomb/<ulid>, sealed (format/sealed.hpp, magic "STTB"), never changed: packs that a collector will
// delete, and earlier tombs of which nothing is left.
//
// Plain bytes: version u32 (2), packs u32, packs x id 16, settled u32, settled x ulid 26
// Version 1 ends after the packs.
//
// Condemned is final. A writer never counts a blob in a condemned pack as stored, and a collector that finds
// one of them needed copies what is needed to another pack before it deletes (src/engine/prune.cpp has the
// argument).

#include <string>
#include <vector>

#include "engine/format/ids.hpp"
#include "engine/format/keys.hpp"

namespace stash::engine {

struct Tomb {
  std::string id;  ///< its ulid
  std::vector<ObjectId> packs;
  std::vector<std::string> settled;  ///< ulids of tombs whose packs were gone, and in no segment, before it

  Tomb() {}
  bool operator==(const Tomb&) const = default;
};

std::string tomb_name(std::string_view id);
Bytes seal_tomb(const Keys& keys, const Tomb& tomb);
Bytes encode_tomb(const Tomb& tomb);
/// All but the id. Error(Corrupt) that tells `what`.
Tomb decode_tomb(ByteView plain, std::string_view what);
/// Error(Corrupt) that names the object.
Tomb open_tomb(const Keys& keys, std::string id, ByteView sealed);

}  // namespace stash::engine
