#pragma once

// Object "config": what a reader must know before it can do anything. Two lines of JSON, in plain:
//   {"format":1,"id":"<32
//   hex>","created":"...","chunker":1,"hash":1,"cipher":1,"compat":[],"ro_compat":[],"incompat":[]}
//   {"mac":"<64 hex>"}      HMAC-SHA256 of the first line without its line feed, under the key "stash config"
// Feature flags as in ext4: an unknown one in `compat` is harmless, in `ro_compat` forbids writing, in
// `incompat` forbids opening. hash 1 HMAC-SHA256, 2 reserved for keyed BLAKE2b; cipher 1 AES-256-GCM, 2
// reserved for ChaCha20-Poly1305; chunker as ChunkerId.

#include <string>
#include <string_view>
#include <vector>

#include "engine/format/ids.hpp"
#include "stash/crypto/key.hpp"

namespace stash::engine {

struct Config {
  static constexpr std::int64_t kFormat = 1;

  ObjectId id;
  TimePoint created;
  std::int64_t chunker = 1;
  std::int64_t hash = 1;
  std::int64_t cipher = 1;
  std::vector<std::string> compat;
  std::vector<std::string> ro_compat;
  std::vector<std::string> incompat;

  Config() {}
  bool operator==(const Config&) const = default;
  /// Error(Unsupported) that names the features this version does not know, when it may not write because of
  /// them.
  void require_writable() const;
};

/// A config as read, before any key is known.
struct UnverifiedConfig {
  Config config;
  std::string line;  ///< what the MAC covers
  Bytes mac;

  /// Error(Corrupt) when the MAC does not match.
  Config verify(const crypto::Key& mac_key) const;
};

std::string write_config(const Config& config, const crypto::Key& mac_key);
/// Error(Corrupt) for bytes that are no config, Unsupported for a newer format or unknown incompat features.
UnverifiedConfig read_config(std::string_view text);

}  // namespace stash::engine
