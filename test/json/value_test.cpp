#include "stash/json/value.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"

namespace stash::json {
namespace {

TEST(Value, NothingMayFollowANul) {
  using namespace std::string_view_literals;
  EXPECT_THROW(parse("{}\0{}"sv, "answer"), Error);
  EXPECT_THROW(parse("{\"a\":\"x\0y\"}"sv, "answer"), Error);
  EXPECT_EQ(dump(parse(R"({"a":"x\u0000y"})", "answer")), R"({"a":"x\u0000y"})");
}

TEST(Value, IntegersKeepEveryDigit) {
  for (const std::string text : {"123456789012345678", "-9223372036854775808", "18446744073709551615"})
    EXPECT_EQ(dump(parse(text, "number")), text);
}

TEST(Value, WhatIsWrittenIsUtf8WhateverItIsMadeOf) {
  const std::string written = "\"Andr\xEF\xBF\xBD.doc\"";
  Document document;
  document.SetString("Andr\xE9.doc");

  EXPECT_EQ(quote("Andr\xE9.doc"), written);
  EXPECT_EQ(dump(document), written);
  EXPECT_EQ(dump(parse(quote("\xC3\xA9\xC3"), "answer")), "\"\xC3\xA9\xEF\xBF\xBD\"");
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Value, NestsAsDeepAsItsReadersMayWalk) {
  EXPECT_EQ(dump(parse(nested(kMaxDepth), "file")), nested(kMaxDepth));
  EXPECT_THROW(parse(nested(kMaxDepth + 1), "file"), Error);
}

TEST(Value, AnAnswerOfAnyDepthIsReadAndNoneTooDeepIsWalked) {
  const Document answer =
      parse_any_depth(R"({"name":"a","deep":)" + nested(1'000'000) + R"(,"fair":[{"x":[]}]})", "answer");

  EXPECT_EQ(text(answer, "name"), "a");
  EXPECT_FALSE(nests_within(answer["deep"], 100));
  EXPECT_TRUE(nests_within(answer["fair"], 3));
  EXPECT_FALSE(nests_within(answer["fair"], 2));
  EXPECT_EQ(dump(answer["fair"]), R"([{"x":[]}])");
  EXPECT_THROW(dump(answer), Error);
}

}  // namespace
}  // namespace stash::json
