#include "stash/base/text.hpp"

#include <gtest/gtest.h>

namespace stash {
namespace {

const std::string kInstead = "\xEF\xBF\xBD";

TEST(Text, WhatIsUtf8StaysAsItIs) {
  for (const std::string text : {"", "a\tb\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF",
                                 "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(to_utf8(text), text);
}

TEST(Text, IsUtf8WhenEveryCharacterIsWhole) {
  for (const std::string text :
       {"", "a\tb\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << printable(text);
  EXPECT_TRUE(is_utf8(std::string("a\0b", 3)));
  for (const std::string text :
       {"Andr\xE9", "\xE2\x82", "\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5"})
    EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Text, EachLongestPartOfACharacterIsReplacedOnce) {
  EXPECT_EQ(to_utf8("Andr\xE9.doc"), "Andr" + kInstead + ".doc");
  EXPECT_EQ(to_utf8("\xE2\x82"), kInstead);
  EXPECT_EQ(to_utf8("\xF0\x9F\x98x"), kInstead + "x");
  EXPECT_EQ(to_utf8("\x80\xBF"), kInstead + kInstead);
  EXPECT_EQ(to_utf8("\xC3\xC3\xA9"), kInstead + "\xC3\xA9");
  EXPECT_EQ(to_utf8("a\xF1\x80\x80\xE1\x80\xC2z"), "a" + kInstead + kInstead + kInstead + "z")
      << "the example of the Unicode standard, section 3.9";
}

TEST(Text, SpellingsThatAreNoCharactersAreReplacedByteByByte) {
  for (const std::string text : {"\xC0\xAF", "\xE0\x80", "\xED\xA0", "\xF0\x80", "\xF4\x90", "\xF5\x80"})
    EXPECT_EQ(to_utf8(text), kInstead + kInstead) << printable(text);
}

TEST(Text, PrintsControlCharactersAndForeignBytesByTheirNumbers) {
  EXPECT_EQ(printable("Andr\xE9\n\x7F \xC3\xA9\xE2\x82"), "Andr\\xe9\\x0a\\x7f \xC3\xA9\\xe2\\x82");
}

TEST(Text, IsCutBetweenCharacters) {
  const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80z";

  EXPECT_EQ(cut_text(text, 100), text);
  EXPECT_EQ(cut_text(text, 7), text.substr(0, 7));
  for (const std::size_t limit : {3u, 4u, 5u, 6u}) EXPECT_EQ(cut_text(text, limit), "a\xC3\xA9") << limit;
  EXPECT_EQ(cut_text(text, 2), "a");
  EXPECT_EQ(cut_text(text, 0), "");
}

TEST(Text, WhatHasNoCharactersIsCutAtTheLimit) {
  EXPECT_EQ(cut_text(std::string(9, '\x80'), 5), std::string(5, '\x80'));
  EXPECT_EQ(cut_text(std::string(9, '\x80'), 2), std::string(2, '\x80'));
}

}  // namespace
}  // namespace stash
