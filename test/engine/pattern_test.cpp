#include "engine/pattern.hpp"

#include <gtest/gtest.h>

#include "stash/base/error.hpp"
#include "stash/engine/browse.hpp"

namespace stash::engine {
namespace {

struct Case {
  const char* pattern;
  const char* path;
  bool matches;
};

TEST(Pattern, MatchesAsResticDocuments) {
  const Case cases[] = {
      {"/foo", "/foo", true},
      {"/foo", "/foo/bar/baz", true},
      {"/foo", "/bar/foo", false},
      {"foo", "/bar/foo", true},
      {"foo", "/bar/foo/deep/er", true},
      {"foo", "/bar/foobar", false},
      {"*.c", "/src/main.c", true},
      {"*.c", "/src/main.cpp", false},
      {"*.c", "/odd.c/inside", true},
      {"*", "/anything", true},
      {"fo?", "/x/foo", true},
      {"fo?", "/x/fo", false},
      {"/*/bar", "/foo/bar", true},
      {"/*/bar", "/foo/x/bar", false},
      {"foo/*/bar", "/a/foo/x/bar", true},
      {"foo/bar", "/a/foo/bar/c", true},
      {"foo/bar", "/a/foo/x/bar", false},
      {"/home/*/cache/", "/home/ann/cache/x", true},
      {"/foo/**/bar", "/foo/bar", true},
      {"/foo/**/bar", "/foo/a/b/c/bar", true},
      {"/foo/**/bar", "/foo/a/b/c/baz", false},
      {"/foo/**", "/foo/x/y", true},
      {"foo/**/*.log", "/var/foo/a/b/x.log", true},
      {"foo/**/*.log", "/var/foo/a/b/x.txt", false},
      {"**/x", "/a/b/x", true},
      {"user/**/hidden*/**/c", "/home/user/w/hidden1/p/q/c", true},
      {"user/**/hidden*/**/c", "/home/user/w/shown/p/q/c", false},
      {"/**/a/b/**/a/c", "/a/x/a/b/a/b/q/a/c", true},
      {"/**/a/b/**/a/c", "/a/x/a/b/a/q/c", false},
      {"a/b/a/c", "/a/b/a/b/a/c", true},
      {"**", "/", false},
      {"[a-c]x", "/bx", true},
      {"[a-c]x", "/dx", false},
      {"[^a-c]x", "/dx", true},
      {"[^a-c]x", "/ax", false},
      {"[]]x", "/]x", true},
      {"\\*x", "/*x", true},
      {"\\*x", "/ax", false},
      {"\\!x", "/!x", true},
      {"a\\[b", "/a[b", true},
      {"./foo//bar/", "/foo/bar", true},
      {"/a/../b", "/b", true},
      {"*a*b*c", "/xaxbxc", true},
      {"*a*b*c", "/xaxcxb", false},
      {"/", "/everything", true},
      {"gr\xc3\xbc\xc3\x9f?", "/gr\xc3\xbc\xc3\x9f\xc3\xa4", true},
      {"?", "/\xc3\xa4", true},
      {"?", "/\xff", true},
      {"??", "/\xff\xfe", true},
      {"[\xc3\xa4-\xc3\xb6]", "/\xc3\xa5", true},
      {"Foo", "/foo", false},
  };
  for (const Case& c : cases)
    EXPECT_EQ(pattern_matches(c.pattern, c.path, false), c.matches) << c.pattern << " " << c.path;
}

TEST(Pattern, IgnoresCaseWhenAsked) {
  EXPECT_TRUE(pattern_matches("*.JPG", "/photos/a.jpg", true));
  EXPECT_TRUE(pattern_matches("/Photos/a.jpg", "/PHOTOS/A.JPG", true));
  EXPECT_FALSE(pattern_matches("*.JPG", "/photos/a.png", true));
}

TEST(Pattern, ManyStarsStayFast) {
  const std::string name(2000, 'a');
  EXPECT_FALSE(pattern_matches("*a*a*a*a*a*a*a*a*a*a*a*b", "/" + name, false));
}

TEST(Pattern, ManyDepthsStayFast) {
  std::string pattern;
  std::string path;
  for (int i = 0; i < 60; ++i) {
    pattern += "**/*/a/";
    path += "/a/c";
  }
  EXPECT_FALSE(pattern_matches(pattern + "b", path, false));
}

TEST(Pattern, RefusesWhatIsMalformed) {
  for (const char* bad : {"", "!", "[a", "x/[^", "foo\\", "[a-", "[\\"}) {
    try {
      Pattern(bad, false);
      ADD_FAILURE() << "accepted " << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Invalid);
      EXPECT_NE(std::string(e.what()).find(std::string("'") + bad + "'"), std::string::npos) << e.what();
    }
  }
}

TEST(Pattern, TellsWhichDirectoriesAreWorthVisiting) {
  const Pattern rooted("/a/b*/c", false);
  EXPECT_TRUE(rooted.may_match_below("/"));
  EXPECT_TRUE(rooted.may_match_below("/a"));
  EXPECT_TRUE(rooted.may_match_below("/a/bx"));
  EXPECT_TRUE(rooted.may_match_below("/a/bx/c/d"));
  EXPECT_FALSE(rooted.may_match_below("/x"));
  EXPECT_FALSE(rooted.may_match_below("/a/x"));
  EXPECT_TRUE(Pattern("/a/**/c", false).may_match_below("/a/q/r"));
  EXPECT_TRUE(Pattern("c", false).may_match_below("/a/q/r"));
}

TEST(PatternList, ALaterNegationTakesBack) {
  const PatternList list({"*.log", "!keep.log", "keep.log/secret"}, false);
  EXPECT_TRUE(list.matches("/a/x.log"));
  EXPECT_FALSE(list.matches("/a/keep.log"));
  EXPECT_TRUE(list.matches("/a/keep.log/secret"));
  EXPECT_FALSE(list.matches("/a/x.txt"));
}

TEST(PatternList, ANegationBeforeAnythingChoosesNothing) {
  EXPECT_FALSE(PatternList({"!keep"}, false).matches("/other"));
  EXPECT_TRUE(PatternList({"!keep", "*"}, false).matches("/keep"));
}

TEST(Selection, ChoosesIncludesWithoutExcludes) {
  const Selection all({}, {}, {"*.tmp"}, {"CACHE"});
  EXPECT_TRUE(all.chosen("/a/x"));
  EXPECT_FALSE(all.chosen("/a/x.tmp"));
  EXPECT_FALSE(all.worth_visiting("/a/Cache"));

  const Selection some({"/a/b"}, {}, {"secret"}, {});
  EXPECT_FALSE(some.chosen("/a"));
  EXPECT_TRUE(some.worth_visiting("/a"));
  EXPECT_TRUE(some.chosen("/a/b/c"));
  EXPECT_FALSE(some.chosen("/a/b/secret/c"));
  EXPECT_FALSE(some.worth_visiting("/z"));
}

}  // namespace
}  // namespace stash::engine
