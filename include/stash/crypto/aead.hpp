#pragma once

#include <array>
#include <memory>

#include "stash/base/bytes.hpp"
#include "stash/crypto/key.hpp"

struct evp_cipher_ctx_st;

namespace stash::crypto {

inline constexpr std::size_t kTagSize = 16;
using Nonce = std::array<std::byte, 12>;

/// AES-256-GCM (NIST SP 800-38D) under one key. The caller guarantees that no nonce is used twice to seal
/// under it. Keeps two keyed contexts, so one thread at a time; make one object per key and task.
class Aes256Gcm {
 public:
  explicit Aes256Gcm(const Key& key);
  ~Aes256Gcm();
  Aes256Gcm(Aes256Gcm&&) noexcept;
  Aes256Gcm& operator=(Aes256Gcm&&) noexcept;

  /// Writes ciphertext and tag: `out` holds plain.size() + kTagSize bytes. `out` may begin where `plain`
  /// begins.
  void seal(const Nonce& nonce, ByteView aad, ByteView plain, std::span<std::byte> out);
  /// Writes the plaintext, sealed.size() - kTagSize bytes, to `out`, which may begin where `sealed` begins.
  /// False when the bytes are not what was sealed under this key, nonce and aad; `out` is then wiped.
  bool open(const Nonce& nonce, ByteView aad, ByteView sealed, std::span<std::byte> out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> sealing_;
  std::unique_ptr<evp_cipher_ctx_st, Free> opening_;
};

}  // namespace stash::crypto
