#include <gtest/gtest.h>

#include <numeric>

#include "stash/base/error.hpp"
#include "stash/crypto/aead.hpp"
#include "stash/crypto/digest.hpp"
#include "stash/crypto/kdf.hpp"
#include "stash/crypto/xxh3.hpp"

namespace stash::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(Sha256, MatchesFips180Vectors) {
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  const std::string text(1000, 'x');
  Sha256 pieces;
  for (std::size_t at = 0; at < text.size(); at += 7) pieces.update(as_bytes(text.substr(at, 7)));

  EXPECT_EQ(pieces.finish(), sha256(as_bytes(text)));
}

TEST(Hmac, MatchesRfc4231Vectors) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, std::byte{0xaa}),
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, OneKeyedObjectServesManyMessages) {
  const HmacSha256 keyed(as_bytes("key"));

  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(keyed.mac(as_bytes("ab"), as_bytes("c")), hmac_sha256(as_bytes("key"), as_bytes("abc")));
}

TEST(Hmac, ManyMessagesAtOnceGiveWhatEachGivesAlone) {
  const HmacSha256 keyed(as_bytes("key"));
  Bytes bytes(20'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31 >> 3);
  std::vector<ByteView> messages;
  // Around every length at which padding or blocks change, and of very different sizes side by side.
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 54, 55, 56, 63, 64, 65, 119, 120,
                                                                   127, 128, 19'999, 3, 5'000, 64, 12'345})
    messages.push_back(ByteView(bytes).last(size));

  for (std::size_t count = 0; count <= messages.size(); ++count) {
    std::vector<Digest> macs(count);
    keyed.mac_all(std::span(messages).first(count), macs);
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_EQ(macs[i], keyed.mac(messages[i])) << i << " of " << count;
  }
}

TEST(Hkdf, MatchesRfc5869CaseOne) {
  const Key key = hkdf(Bytes(22, std::byte{0x0b}), hex("000102030405060708090a0b0c"),
                       std::string_view("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", 10));

  EXPECT_EQ(to_hex(key.view()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

TEST(Scrypt, MatchesRfc7914) {
  const Key key = scrypt("pleaseletmein", as_bytes("SodiumChloride"), ScryptCost{14, 8, 1});

  EXPECT_EQ(to_hex(key.view()), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST(Scrypt, DefaultCostFitsAndForgedCostIsRefused) {
  EXPECT_NO_THROW(scrypt("p", as_bytes("salt"), ScryptCost{}));
  for (const ScryptCost bad :
       {ScryptCost{40, 8, 1}, ScryptCost{15, 0, 1}, ScryptCost{20, 32, 16}, ScryptCost{9, 8, 1}})
    EXPECT_THROW(scrypt("p", as_bytes("salt"), bad), Error);
}

TEST(Aes256Gcm, MatchesAPublishedVector) {
  // Test case 15 of the GCM specification (McGrew and Viega).
  Aes256Gcm cipher(Key(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")));
  const Bytes plain =
      hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b1"
          "6aedf5aa0d"
          "e657ba637b391aafd255");
  Nonce nonce{};
  std::ranges::copy(hex("cafebabefacedbaddecaf888"), nonce.begin());
  Bytes sealed(plain.size() + kTagSize);
  cipher.seal(nonce, {}, plain, sealed);

  EXPECT_EQ(to_hex(sealed),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
            "c5f61e639"
            "3ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c");
}

TEST(Aes256Gcm, EveryFlippedByteIsDetected) {
  Aes256Gcm cipher(Key(Bytes(32, std::byte{7})));
  const Nonce nonce{};
  Bytes sealed(as_bytes("attack at dawn").size() + kTagSize);
  cipher.seal(nonce, as_bytes("header"), as_bytes("attack at dawn"), sealed);
  Bytes plain(sealed.size() - kTagSize);
  ASSERT_TRUE(cipher.open(nonce, as_bytes("header"), sealed, plain));
  EXPECT_EQ(as_text(plain), "attack at dawn");

  for (std::byte& b : sealed) {
    b ^= std::byte{1};
    EXPECT_FALSE(cipher.open(nonce, as_bytes("header"), sealed, plain));
    b ^= std::byte{1};
  }
  EXPECT_FALSE(cipher.open(nonce, as_bytes("headeR"), sealed, plain));
  EXPECT_EQ(plain, Bytes(plain.size(), std::byte{0}));
  EXPECT_FALSE(cipher.open(nonce, {}, ByteView(sealed).first(3), {}));
}

TEST(Aes256Gcm, SealsAndOpensInPlaceAndEmptyText) {
  Aes256Gcm cipher(Key(Bytes(32, std::byte{9})));
  Bytes buffer(40 + kTagSize);
  std::iota(reinterpret_cast<unsigned char*>(buffer.data()),
            reinterpret_cast<unsigned char*>(buffer.data()) + 40, '\0');
  const Bytes before(buffer.begin(), buffer.begin() + 40);
  cipher.seal(Nonce{}, {}, ByteView(buffer).first(40), buffer);
  ASSERT_TRUE(cipher.open(Nonce{}, {}, buffer, std::span(buffer).first(40)));
  EXPECT_TRUE(std::equal(before.begin(), before.end(), buffer.begin()));

  Bytes tag(kTagSize);
  cipher.seal(Nonce{std::byte{1}}, as_bytes("only aad"), {}, tag);
  EXPECT_TRUE(cipher.open(Nonce{std::byte{1}}, as_bytes("only aad"), tag, {}));
  EXPECT_FALSE(cipher.open(Nonce{std::byte{1}}, as_bytes("other aad"), tag, {}));
}

TEST(ConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time(as_bytes("same"), as_bytes("same")));
  EXPECT_FALSE(equal_constant_time(as_bytes("same"), as_bytes("sale")));
  EXPECT_FALSE(equal_constant_time(as_bytes("same"), as_bytes("sam")));
}

TEST(Xxh3, MatchesTheReferenceSums) {
  EXPECT_EQ(xxh3_64({}), 0x2d06800538d394c2u);
  EXPECT_EQ(to_hex(xxh3_128({})), "99aa06d3014798d86001c324468d497f");
}

}  // namespace
}  // namespace stash::crypto
