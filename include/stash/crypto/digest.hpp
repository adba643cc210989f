#pragma once

#include <array>
#include <memory>

#include "stash/base/bytes.hpp"

struct evp_md_ctx_st;

namespace stash::crypto {

using Digest = std::array<std::byte, 32>;

namespace detail {
struct FreeDigestContext {
  void operator()(evp_md_ctx_st* context) const noexcept;
};
using DigestContext = std::unique_ptr<evp_md_ctx_st, FreeDigestContext>;
}  // namespace detail

/// SHA-256 (FIPS 180-4) over bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256& update(ByteView bytes);
  /// The digest of all bytes so far; the object may only be destroyed afterwards.
  Digest finish();

 private:
  detail::DigestContext context_;
};

Digest sha256(ByteView bytes);

/// HMAC-SHA256 (RFC 2104) under one key, keyed once: a message then costs two context copies and its own
/// blocks. Any number of threads may call mac() at once.
class HmacSha256 {
 public:
  explicit HmacSha256(ByteView key);

  Digest mac(ByteView message) const;
  /// The MAC of `first` followed by `second`.
  Digest mac(ByteView first, ByteView second) const;

 private:
  detail::DigestContext inner_;
  detail::DigestContext outer_;
};

/// HMAC-SHA256 under a key used once.
Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace stash::crypto
