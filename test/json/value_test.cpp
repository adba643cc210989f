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

}  // namespace
}  // namespace stash::json
