#include <gtest/gtest.h>

#include "stash/base/error.hpp"
#include "stash/net/http.hpp"

namespace stash::net {
namespace {

TEST(Url, TakesApartAnAddress) {
  const Url url = Url::parse("https://store.example:9000/bucket/key?list=1#x");

  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "store.example");
  EXPECT_EQ(url.port, 9000);
  EXPECT_EQ(url.path, "/bucket/key?list=1");
  EXPECT_EQ(url.origin(), "https://store.example:9000");
}

TEST(Url, FillsInPortAndPath) {
  EXPECT_EQ(Url::parse("HTTP://a").port, 80);
  EXPECT_EQ(Url::parse("https://a").port, 443);
  EXPECT_EQ(Url::parse("http://a").path, "/");
  EXPECT_EQ(Url::parse("http://a?x=1").path, "/?x=1");
  EXPECT_EQ(Url::parse("https://a:443").authority(), "a");
}

TEST(Url, KnowsIPv6) {
  const Url url = Url::parse("http://[::1]:8080/x");

  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 8080);
  EXPECT_EQ(url.authority(), "[::1]:8080");
}

TEST(Url, SaysWhatIsWrong) {
  for (const char* bad :
       {"", "a.example", "ftp://a", "http://", "http://a:0", "http://a:70000", "http://a:x", "http://[::1",
        "http://a b/", "http://a/\r\nX: y", "http://user:pw@a/", "http://[::1]x"}) {
    EXPECT_THROW(Url::parse(bad), Error) << bad;
  }
}

TEST(Url, DoesNotRepeatAPassword) {
  for (const char* bad : {"http://user:hunter2@a/", "htps://user:hunter2@a/", "user:hunter2@a/",
                          "user:hunter2@a://b", "http://user:hunter2/x@a/", "http://user:hunter2#x@a/",
                          "http://[::1]hunter2/x@a/", "://u:hunter2@a"}) {
    try {
      Url::parse(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos) << e.what();
    }
  }
}

TEST(PercentEncode, KeepsUnreservedAndOnRequestSlashes) {
  EXPECT_EQ(percent_encode("a/b c~é"), "a%2Fb%20c~%C3%A9");
  EXPECT_EQ(percent_encode("a/b c", true), "a/b%20c");
}

TEST(HeaderLookup, ComparesNamesWithoutCase) {
  const Headers headers{{"Content-Type", "x"}, {"ETag", "y"}};

  EXPECT_EQ(header(headers, "etag"), "y");
  EXPECT_EQ(header(headers, "missing"), "");
}

}  // namespace
}  // namespace stash::net
