#include "engine/select/selection.hpp"

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
      // As wide as the name, and no wider.
      {"*", "/a/b/c.h", true},
      {"**", "/a/b/c.h", true},
      {"a*", "/abc/b/c.h", true},
      {"b*", "/abc/bc/c.h", true},
      {"/b*", "/abc/bc/c.h", false},
      {"c.*", "/a/b/c.h", true},
      {"C.*", "/a/b/c.h", false},
      {"b/*", "/a/b/c.h", true},
      {"b/*", "/a/b", false},
      {"b/c.h", "/a/b/c.h", true},
      {"?b*/*.h", "/a/bb/c.h", true},
      {"bb*/*.h", "/a/b/c.h", false},
      {"/a/b/", "/a/b", true},
      {"/a///b", "/a/b", true},
      {"/a/../b", "/a/b", false},
      {"/a/*", "/a", false},
      {"/a/*", "/a/b", true},
      {"/a/*", "/a/b/c", true},
      {"/a/*c.*", "/a/b/c.h", false},
      {"/a/*/c.*", "/a/b/c.h", true},
      {"/a/*/b/c.*", "/a/b/c.h", false},
      {"/*/*/b/c.*", "/a/x/b/c.h", true},
      {"/*/*/b/c.*", "/a/b/c.h", false},
      {"/x/y/a/b/c.*", "/a/b/c.h", false},
      {"sdk/*/cpp/*/*var*.html", "/usr/sdk/docs/cpp/ref/a1.html", false},
      {"sdk/*/cpp/*/*var*.html", "/usr/sdk/docs/cpp/ref/avars.html", true},
      // `**` takes none, some and all of the directories between.
      {"a/**/b/*.h", "/a/b/c.h", true},
      {"a/**/b/*.h", "/x/a/y/z/b/c.h", true},
      {"a/**/b/*.h", "/a/b/q/b/c.h", true},
      {"a/**/b/*.h", "/b/a/c.h", false},
      {"a/**/b/*.h", "/b/c.h", false},
      {"a/**/b", "/x/a/y/z/b/c.h", true},
      {"a/**/b/**/x", "/a/b/x", true},
      {"a/**/b/**/x", "/h/a/q/b/r/s/x", true},
      {"a/**/hid*", "/x/a/y/z/shown/x", false},
      {"/a[uU]ser/?.h", "/auser/F.h", true},
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
  for (const auto& [pattern, dir, worth] : std::initializer_list<Case>{{"/a/b/c", "/a", true},
                                                                       {"/a/b/c", "/a/b", true},
                                                                       {"/a/b/c", "/a/c", false},
                                                                       {"/a/*/c", "/a/b", true},
                                                                       {"/a/*/c", "/a/c", true},
                                                                       {"/a/*/c", "/a/b/x", false},
                                                                       {"/a/*/c", "/a/b/x/y", false},
                                                                       {"/a/*/c", "/b/c", false},
                                                                       {"/a/**/c", "/a/b/c/d", true},
                                                                       {"/a/**", "/a/b/c", true},
                                                                       {"/*/**", "/a/b", true},
                                                                       {"/*", "/a/b", true},
                                                                       {"/*/b", "/a", true},
                                                                       {"/b/*", "/a", false},
                                                                       {"/**/b", "/a/b", true},
                                                                       {"/a", "/a/b", true},
                                                                       {"x/y", "/a", true},
                                                                       {"*.h", "/a/b", true}})
    EXPECT_EQ(Pattern(pattern, false).may_match_below(dir), worth) << pattern << " " << dir;
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

TEST(PatternList, AsksEveryPattern) {
  EXPECT_TRUE(PatternList({"/*/*/b/c.*", "*.h"}, false).matches("/a/b/c.h"));
  EXPECT_TRUE(PatternList({"?", "x"}, false).matches("/a/b/x"));
  EXPECT_FALSE(PatternList({"?", "x"}, false).matches("/aa/bb/yy"));
  EXPECT_FALSE(PatternList({"/a/*/c.h"}, false).may_match_below("/a/b/a/b"));
  EXPECT_TRUE(PatternList({"/a/*/c.h", "/a/**/c.h"}, false).may_match_below("/a/b/a/b"));
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

TEST(Selection, TellsWhereAWalkMayGoOn) {
  const Selection some({"/b/c/d", "/b/x*/y", "!/b/z", "/q/r", "/q/r/s"}, {}, {"*.tmp"}, {});
  const auto next = [&](std::string_view path) { return some.next_after(path).value_or("the next entry"); };
  EXPECT_EQ(next("/a"), "/b");
  EXPECT_EQ(next("/b"), "the next entry") << "anything below it may begin with x";
  EXPECT_EQ(next("/b/c/d/e"), "the next entry");
  EXPECT_EQ(next("/c"), "/q");
  EXPECT_EQ(next("/q"), "/q/r");
  EXPECT_EQ(next("/q/a"), "/q/r");
  EXPECT_EQ(next("/q/r/s/t"), "the next entry");
  EXPECT_EQ(next("/q/s"), "");

  const Selection deep({"/b/c/d", "/b/c/[x]/z"}, {}, {}, {});
  EXPECT_EQ(deep.next_after("/a"), "/b");
  EXPECT_EQ(deep.next_after("/b"), "/b/c");
  EXPECT_EQ(deep.next_after("/b/a/x"), "/b/c");
  EXPECT_EQ(deep.next_after("/b/d"), "");
}

TEST(Selection, DoesNotTellWhereAPatternMayMatchAnywhere) {
  EXPECT_EQ(Selection({}, {}, {"/x"}, {}).next_after("/a"), std::nullopt);
  EXPECT_EQ(Selection({"/x", "y"}, {}, {}, {}).next_after("/a"), std::nullopt);
  EXPECT_EQ(Selection({"/x"}, {"/y"}, {}, {}).next_after("/a"), std::nullopt);
  EXPECT_EQ(Selection({"/*/x"}, {}, {}, {}).next_after("/a"), std::nullopt);
  EXPECT_EQ(Selection({"/**/x"}, {}, {}, {}).next_after("/a"), std::nullopt);
  EXPECT_EQ(Selection({"/"}, {}, {}, {}).next_after("/a"), std::nullopt);
}

}  // namespace
}  // namespace stash::engine
