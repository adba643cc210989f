#include "stash/crypto/aead.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "crypto/openssl.hpp"

namespace stash::crypto {
namespace {

const EVP_CIPHER* algorithm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (!cipher) throw Error(ErrorKind::Internal, "OpenSSL: no AES-256-GCM");
  return cipher;
}

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

int length_of(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Error(ErrorKind::Internal, "{} bytes are too many to seal at once", size);
  return static_cast<int>(size);
}

evp_cipher_ctx_st* new_context(const Key& key, int encrypt) {
  evp_cipher_ctx_st* context = EVP_CIPHER_CTX_new();
  if (!context) throw Error(ErrorKind::Exhausted, "OpenSSL: out of memory");
  if (EVP_CipherInit_ex2(context, algorithm(), raw(key.view()), nullptr, encrypt, nullptr) == 1)
    return context;
  EVP_CIPHER_CTX_free(context);
  throw Error(ErrorKind::Internal, "OpenSSL: EVP_CipherInit_ex2 failed");
}

}  // namespace

void Aes256Gcm::Free::operator()(evp_cipher_ctx_st* context) const noexcept { EVP_CIPHER_CTX_free(context); }

Aes256Gcm::Aes256Gcm(const Key& key) : sealing_(new_context(key, 1)), opening_(new_context(key, 0)) {}
Aes256Gcm::~Aes256Gcm() = default;
Aes256Gcm::Aes256Gcm(Aes256Gcm&&) noexcept = default;
Aes256Gcm& Aes256Gcm::operator=(Aes256Gcm&&) noexcept = default;

void Aes256Gcm::seal(const Nonce& nonce, ByteView aad, ByteView plain, std::span<std::byte> out) {
  if (out.size() != plain.size() + kTagSize)
    throw Error(ErrorKind::Internal, "seal: wrong size of the output");
  evp_cipher_ctx_st* const c = sealing_.get();
  int written = 0;
  require(EVP_EncryptInit_ex2(c, nullptr, nullptr, raw(ByteView(nonce)), nullptr), "EVP_EncryptInit_ex2");
  require(EVP_EncryptUpdate(c, nullptr, &written, raw(aad), length_of(aad.size())), "EVP_EncryptUpdate");
  require(EVP_EncryptUpdate(c, raw(out), &written, raw(plain), length_of(plain.size())), "EVP_EncryptUpdate");
  require(EVP_EncryptFinal_ex(c, raw(out.subspan(plain.size())), &written), "EVP_EncryptFinal_ex");
  require(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, raw(out.subspan(plain.size()))),
          "EVP_CTRL_AEAD_GET_TAG");
}

bool Aes256Gcm::open(const Nonce& nonce, ByteView aad, ByteView sealed, std::span<std::byte> out) {
  if (sealed.size() < kTagSize) return false;
  const std::size_t size = sealed.size() - kTagSize;
  if (out.size() != size) throw Error(ErrorKind::Internal, "open: wrong size of the output");
  std::array<unsigned char, kTagSize> tag{};
  std::copy_n(raw(sealed.subspan(size)), kTagSize, tag.begin());
  evp_cipher_ctx_st* const c = opening_.get();
  int written = 0;
  require(EVP_DecryptInit_ex2(c, nullptr, nullptr, raw(ByteView(nonce)), nullptr), "EVP_DecryptInit_ex2");
  require(EVP_DecryptUpdate(c, nullptr, &written, raw(aad), length_of(aad.size())), "EVP_DecryptUpdate");
  require(EVP_DecryptUpdate(c, raw(out), &written, raw(sealed.first(size)), length_of(size)),
          "EVP_DecryptUpdate");
  require(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()), "EVP_CTRL_AEAD_SET_TAG");
  std::array<unsigned char, kTagSize> rest{};
  if (EVP_DecryptFinal_ex(c, rest.data(), &written) == 1) return true;
  wipe(out);
  return false;
}

}  // namespace stash::crypto
