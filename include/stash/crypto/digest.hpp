#pragma once

#include <array>
#include <memory>
#include <span>

#include "stash/base/bytes.hpp"
#include "stash/crypto/key.hpp"

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
  /// The MACs of many messages, in their order: where the processor can, two at a time in little more than
  /// the time of one. As many results as messages.
  void mac_all(std::span<const ByteView> messages, std::span<Digest> macs) const;

 private:
  struct Lane;
  void start(Lane& lane, std::span<const ByteView> messages, std::size_t& next) const;
  void finish(Lane& lane, std::span<Digest> macs) const;

  Key inner_state_;  ///< after the keyed block, for mac_all()
  Key outer_state_;
  detail::DigestContext inner_;
  detail::DigestContext outer_;
};

/// HMAC-SHA256 under a key used once.
Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace stash::crypto
