#include "stash/crypto/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "crypto/openssl.hpp"
#include "stash/crypto/key.hpp"

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

Digest hmac_sha256(ByteView key, ByteView message) { return HmacSha256(key).mac(message); }

}  // namespace stash::crypto
