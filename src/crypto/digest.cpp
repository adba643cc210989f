#include "stash/crypto/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "crypto/openssl.hpp"
#include "crypto/sha256_lanes.hpp"

namespace stash::crypto {

void detail::FreeDigestContext::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

namespace {

constexpr std::size_t kBlock = 64;

/// Fetched once: an implicit fetch for each message would cost more than hashing a small blob.
const EVP_MD* algorithm() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  if (!md) throw Error(ErrorKind::Internal, "OpenSSL: no SHA-256");
  return md;
}

detail::DigestContext new_context() {
  detail::DigestContext context(EVP_MD_CTX_new());
  if (!context) throw Error(ErrorKind::Exhausted, "OpenSSL: out of memory");
  return context;
}

void add(evp_md_ctx_st* context, ByteView bytes) {
  require(EVP_DigestUpdate(context, bytes.data(), bytes.size()), "EVP_DigestUpdate");
}

Digest final_of(evp_md_ctx_st* context) {
  Digest digest{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), &size),
          "EVP_DigestFinal_ex");
  return digest;
}

detail::DigestContext keyed_context(std::array<std::byte, kBlock> pad, std::byte mask) {
  for (std::byte& b : pad) b ^= mask;
  auto context = new_context();
  require(EVP_DigestInit_ex2(context.get(), algorithm(), nullptr), "EVP_DigestInit_ex2");
  add(context.get(), pad);
  wipe(pad);
  return context;
}

Key keyed_state(std::array<std::byte, kBlock> pad, std::byte mask) {
  for (std::byte& b : pad) b ^= mask;
  Sha256State state = kSha256Start;
  sha256_blocks(state, pad.data(), 1);
  wipe(pad);
  return Key(std::as_bytes(std::span(state)));
}

Sha256State state_in(const Key& key) {
  Sha256State state{};
  std::ranges::copy(key.view(), std::as_writable_bytes(std::span(state)).begin());
  return state;
}

/// Contexts that a thread keeps for the copies mac() makes, so that a message allocates nothing of ours.
evp_md_ctx_st* scratch_copy(const evp_md_ctx_st* from) {
  thread_local const detail::DigestContext scratch = new_context();
  require(EVP_MD_CTX_copy_ex(scratch.get(), from), "EVP_MD_CTX_copy_ex");
  return scratch.get();
}

}  // namespace

Sha256::Sha256() : context_(new_context()) {
  require(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr), "EVP_DigestInit_ex2");
}

Sha256& Sha256::update(ByteView bytes) {
  add(context_.get(), bytes);
  return *this;
}

Digest Sha256::finish() { return final_of(context_.get()); }

Digest sha256(ByteView bytes) { return Sha256().update(bytes).finish(); }

HmacSha256::HmacSha256(ByteView key) {
  std::array<std::byte, kBlock> pad{};
  if (key.size() > kBlock)
    std::ranges::copy(sha256(key), pad.begin());
  else
    std::ranges::copy(key, pad.begin());
  inner_ = keyed_context(pad, std::byte{0x36});
  outer_ = keyed_context(pad, std::byte{0x5c});
  if (has_sha256_lanes()) {
    inner_state_ = keyed_state(pad, std::byte{0x36});
    outer_state_ = keyed_state(pad, std::byte{0x5c});
  }
  wipe(pad);
}

Digest HmacSha256::mac(ByteView message) const { return mac(message, {}); }

Digest HmacSha256::mac(ByteView first, ByteView second) const {
  evp_md_ctx_st* context = scratch_copy(inner_.get());
  add(context, first);
  add(context, second);
  const Digest inner = final_of(context);
  context = scratch_copy(outer_.get());
  add(context, inner);
  return final_of(context);
}

/// A message under way.
struct HmacSha256::Lane {
  Sha256State state{};
  ByteView left;
  std::size_t message = 0;  ///< its number
  std::uint64_t length = 0;
  bool busy = false;

  std::size_t blocks() const { return left.size() / kSha256Block; }
  void pass(std::size_t count) { left = left.subspan(count * kSha256Block); }
};

void HmacSha256::start(Lane& lane, std::span<const ByteView> messages, std::size_t& next) const {
  lane.busy = next < messages.size();
  if (!lane.busy) return;
  lane.state = state_in(inner_state_);
  lane.message = next++;
  lane.left = messages[lane.message];
  lane.length = lane.left.size() + kSha256Block;
}

void HmacSha256::finish(Lane& lane, std::span<Digest> macs) const {
  sha256_end(lane.state, lane.left, lane.length);
  const Digest inner = sha256_digest(lane.state);
  Sha256State outer = state_in(outer_state_);
  sha256_end(outer, inner, kSha256Block + inner.size());
  macs[lane.message] = sha256_digest(outer);
}

void HmacSha256::mac_all(std::span<const ByteView> messages, std::span<Digest> macs) const {
  if (!has_sha256_lanes()) {
    for (std::size_t i = 0; i < messages.size(); ++i) macs[i] = mac(messages[i]);
    return;
  }
  std::size_t next = 0;
  Lane first;
  Lane second;
  start(first, messages, next);
  start(second, messages, next);
  while (first.busy && second.busy) {
    const std::size_t blocks = std::min(first.blocks(), second.blocks());
    sha256_blocks(first.state, first.left.data(), second.state, second.left.data(), blocks);
    for (Lane* lane : {&first, &second}) {
      lane->pass(blocks);
      if (lane->blocks() > 0) continue;
      finish(*lane, macs);
      start(*lane, messages, next);
    }
  }
  Lane& last = first.busy ? first : second;
  if (!last.busy) return;
  const std::size_t blocks = last.blocks();
  sha256_blocks(last.state, last.left.data(), blocks);
  last.pass(blocks);
  finish(last, macs);
}

Digest hmac_sha256(ByteView key, ByteView message) { return HmacSha256(key).mac(message); }

}  // namespace stash::crypto
