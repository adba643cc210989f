#include "kube/line_splitter.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "kube/watch_stream.hpp"

namespace stash::kube {
namespace {

std::vector<std::string> lines_of(std::string_view text, std::size_t cut) {
  LineSplitter splitter(100);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size(); at += cut) {
    splitter.feed(text.substr(at, cut));
    while (const auto line = splitter.next()) out.emplace_back(*line);
  }
  return out;
}

TEST(LineSplitter, CutsTheSameWhereverTheBytesAreSplit) {
  const std::string text = "one\n\ntwo two\nthree\n";
  const std::vector<std::string> wanted{"one", "two two", "three"};

  for (std::size_t cut = 1; cut <= text.size(); ++cut) EXPECT_EQ(lines_of(text, cut), wanted) << cut;
}

TEST(LineSplitter, KnowsThatALineIsUnfinished) {
  LineSplitter splitter(100);
  splitter.feed("whole\npart");
  EXPECT_EQ(splitter.next(), "whole");
  EXPECT_EQ(splitter.next(), std::nullopt);
  EXPECT_TRUE(splitter.partial());
  splitter.feed("\n");
  EXPECT_EQ(splitter.next(), "part");
  EXPECT_FALSE(splitter.partial());
}

TEST(LineSplitter, RefusesALineOverItsLimit) {
  LineSplitter splitter(10);
  splitter.feed("0123456789\n");
  EXPECT_EQ(splitter.next(), "0123456789");
  splitter.feed("01234");
  EXPECT_EQ(splitter.next(), std::nullopt);
  EXPECT_THROW(splitter.feed("567890"), Error);
}

TEST(WatchEvent, IsReadFromItsLine) {
  const WatchEvent event =
      parse_watch_event(R"({"type":"MODIFIED","object":{"metadata":{"name":"a"},"x":[1]}})", "watch pods");

  EXPECT_EQ(event.type, EventType::Modified);
  EXPECT_EQ(json::dump(event.object), R"({"metadata":{"name":"a"},"x":[1]})");
}

TEST(WatchEvent, IsReadHoweverDeepItsObjectNests) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');

  const WatchEvent event = parse_watch_event(
      R"({"type":"ADDED","object":{"metadata":{"name":"a"},"spec":{"x":)" + deep + "}}}", "watch pods");

  EXPECT_EQ(json::text(event.object, "metadata", "name"), "a");
}

TEST(WatchEvent, AnErrorEventThrowsItsStatus) {
  const auto kind_of = [](std::string_view line) {
    try {
      parse_watch_event(line, "watch pods");
    } catch (const Error& e) {
      return e.kind();
    }
    return ErrorKind::Internal;
  };

  EXPECT_EQ(kind_of(R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"),
            ErrorKind::Conflict);
  EXPECT_EQ(kind_of(R"({"type":"ERROR","object":{"kind":"Status","code":500}})"), ErrorKind::Unavailable);
  for (const char* bad : {"{", "7", "{}", R"({"type":"ADDED"})", R"({"type":"NEW","object":{}})"})
    EXPECT_EQ(kind_of(bad), ErrorKind::Corrupt) << bad;
}

}  // namespace
}  // namespace stash::kube
