#include "stash/base/bytes.hpp"

#include <gtest/gtest.h>

namespace stash {
namespace {

TEST(Bytes, AreCopiedWithWhatFollows) {
  EXPECT_EQ(as_text(copy_of(as_bytes("one"))), "one");
  Bytes some = copy_of(std::vector{as_bytes("one"), ByteView(), as_bytes(" two")});
  EXPECT_EQ(as_text(some), "one two");
  append(some, {});
  append(some, as_bytes(" three"));
  EXPECT_EQ(as_text(some), "one two three");
  EXPECT_TRUE(copy_of(ByteView()).empty());
}

TEST(Bytes, HexRoundTrips) {
  EXPECT_EQ(to_hex(as_bytes("\x01\xff")), "01ff");
  EXPECT_EQ(as_text(*from_hex("6869")), "hi");
  EXPECT_FALSE(from_hex("6"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Bytes, Base64FollowsRfc4648) {
  EXPECT_EQ(to_base64(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(to_base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(from_base64("Zm9v\nYg=="), "foob");
  for (const char* bad : {"Zg=", "Zg==Zg==", "Z", "Z===", "Zm9*"}) EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(Bytes, SizesPrintAsTheStatusShowsThem) {
  EXPECT_EQ(format_size(1024), "1024 B");
  EXPECT_EQ(format_size(1074), "1.049 KiB");
  EXPECT_EQ(format_size(std::uint64_t{5} << 40), "5.000 TiB");
}

TEST(Bytes, SizesAreReadWithBinaryUnits) {
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("64MiB"), 64u << 20);
  EXPECT_EQ(parse_size("1g"), 1u << 30);
  for (const char* bad : {"", "M", "1X", "99999999999P", "-1"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

}  // namespace
}  // namespace stash
