#include "stash/crypto/kdf.hpp"

#include <openssl/evp.h>

#include "crypto/openssl.hpp"
#include "stash/crypto/digest.hpp"

namespace stash::crypto {

Key hkdf(ByteView secret, ByteView salt, std::string_view info) {
  static constexpr std::byte kFirstBlock{1};
  Digest extracted = hmac_sha256(salt, secret);
  // One block of output: T(1) = HMAC(PRK, info | 0x01).
  Digest expanded = HmacSha256(extracted).mac(as_bytes(info), {&kFirstBlock, 1});
  const Key key(expanded);
  wipe(extracted);
  wipe(expanded);
  return key;
}

Key scrypt(std::string_view password, ByteView salt, ScryptCost cost) {
  static constexpr std::uint64_t kMemoryLimit = std::uint64_t{1} << 30;
  if (cost.log_n < 10 || cost.log_n > 20 || cost.r < 1 || cost.r > 32 || cost.p < 1 || cost.p > 16)
    throw Error(ErrorKind::Invalid, "scrypt costs N=2^{} r={} p={} are out of range", cost.log_n, cost.r,
                cost.p);
  const std::uint64_t n = std::uint64_t{1} << cost.log_n;
  // V (128 r N), B (128 r p) and working space. OpenSSL's own limit of 32 MiB, which 0 stands for, is too low
  // for the default costs.
  const std::uint64_t memory = 128 * cost.r * (n + cost.p + 4) + (std::uint64_t{1} << 20);
  if (memory > kMemoryLimit)
    throw Error(ErrorKind::Invalid, "scrypt costs need {} of memory", format_size(memory));
  Key key;
  const auto bytes = key.bytes();
  require(EVP_PBE_scrypt(password.data(), password.size(),
                         reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), n, cost.r, cost.p,
                         memory, reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()),
          "EVP_PBE_scrypt");
  return key;
}

}  // namespace stash::crypto
