#pragma once

#include <string>
#include <string_view>

#include "engine/format/ids.hpp"
#include "stash/base/secret.hpp"
#include "stash/crypto/aead.hpp"
#include "stash/crypto/digest.hpp"
#include "stash/crypto/kdf.hpp"
#include "stash/crypto/key.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

/// Everything derived from the master secret: HKDF-SHA256 with the repository id as salt and a label as info.
/// Immutable, any number of threads.
class Keys {
 public:
  Keys(const crypto::Key& master, const ObjectId& repository);

  const ObjectId& repository() const { return repository_; }
  const crypto::Key& master() const { return master_; }  ///< for new key slots
  BlobId id_of(BlobKind kind, ByteView bytes) const;
  /// The ids of many blobs, in their order: faster than one after the other.
  std::vector<BlobId> ids_of(BlobKind kind, std::span<const ByteView> blobs) const;
  /// Seals the frames and the footer of one pack.
  crypto::Key pack_key(const ObjectId& pack) const;
  /// Seals the object of this name: segments, manifests, tombs.
  crypto::Key object_key(std::string_view name) const;
  const crypto::Key& config_mac() const { return config_mac_; }
  const crypto::Key& chunker() const { return chunker_; }
  std::uint64_t tree_seed() const { return tree_seed_; }

 private:
  const crypto::HmacSha256& id_key(BlobKind kind) const {
    return kind == BlobKind::Tree ? tree_id_ : data_id_;
  }

  ObjectId repository_;
  crypto::Key master_;
  crypto::Key pack_;
  crypto::Key object_;
  crypto::Key config_mac_;
  crypto::Key chunker_;
  crypto::HmacSha256 data_id_;
  crypto::HmacSha256 tree_id_;
  std::uint64_t tree_seed_ = 0;
};

/// A key slot, object keys/<32 hex>: the master secret wrapped under a password. Two lines of JSON:
///   {"version":1,"kdf":"scrypt","log_n":15,"r":8,"p":1,"salt":"<base64>","wrapped":"<base64>","label":"","created":"..."}
///   {"mac":"<64 hex>"}     HMAC-SHA256 of the first line under HKDF(kek, salt, "stash slot mac")
/// kek: scrypt(password, salt), or for kdf "raw" HKDF(password, salt, "stash slot raw"). wrapped: AES-256-GCM
/// of the 32 bytes under HKDF(kek, salt, "stash slot wrap"), nonce 0 (the salt is fresh in each slot), AAD
/// the slot id. GCM does not commit to its key; the MAC, checked first, does.
struct KeySlot {
  std::string id;
  Kdf kdf = Kdf::Scrypt;
  crypto::ScryptCost cost;
  Bytes salt;
  Bytes wrapped;
  std::string label;
  TimePoint created;
  std::string line;
  Bytes mac;

  KeySlot() {}
  /// The master secret, or nothing when the password is not this slot's.
  std::optional<crypto::Key> unlock(std::string_view password) const;
};

/// A password for a raw slot is any text of at least 43 characters (256 bits in base64).
bool is_strong_secret(std::string_view password);

std::string write_slot(std::string id, const crypto::Key& master, std::string_view password, Kdf kdf,
                       std::string label, TimePoint now, Random& random);
/// Error(Corrupt) for bytes that are no slot.
KeySlot read_slot(std::string id, std::string_view text);

}  // namespace stash::engine
