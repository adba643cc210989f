#pragma once

// Object tomb/<ulid>, sealed (format/sealed.hpp, magic "STTB"), never changed: packs that a collector will
// delete.
//
// Plain bytes: version u32 (1), packs u32, packs x id 16
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

  Tomb() {}
  bool operator==(const Tomb&) const = default;
};

std::string tomb_name(std::string_view id);
Bytes seal_tomb(const Keys& keys, const Tomb& tomb);
/// Error(Corrupt) that names the object.
Tomb open_tomb(const Keys& keys, std::string id, ByteView sealed);

}  // namespace stash::engine
