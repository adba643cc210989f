#include "stash/json/yaml.hpp"

#include <gtest/gtest.h>

namespace stash::json {
namespace {

std::string yaml(std::string_view text) { return to_yaml(parse(text, "test")); }

TEST(Yaml, WritesObjectsAndListsInBlockStyle) {
  EXPECT_EQ(
      yaml(
          R"({"kind":"Pod","spec":{"containers":[{"name":"a","args":["run","z"]},{"name":"b"}],"replicas":3}})"),
      "kind: Pod\n"
      "spec:\n"
      "  containers:\n"
      "  - name: a\n"
      "    args:\n"
      "    - run\n"
      "    - z\n"
      "  - name: b\n"
      "  replicas: 3\n");
}

TEST(Yaml, WritesEmptyThingsInline) {
  EXPECT_EQ(yaml(R"({"a":{},"b":[],"c":"","d":null,"e":false,"f":[{},[]]})"),
            "a: {}\n"
            "b: []\n"
            "c: \"\"\n"
            "d: null\n"
            "e: false\n"
            "f:\n"
            "- {}\n"
            "- []\n");
}

TEST(Yaml, NestsListsInLists) { EXPECT_EQ(yaml(R"([["a","b"],["c"]])"), "- - a\n  - b\n- - c\n"); }

TEST(Yaml, WritesOneScalarAsADocument) {
  EXPECT_EQ(yaml("7"), "7\n");
  EXPECT_EQ(yaml(R"("text")"), "text\n");
}

class YamlQuotes : public testing::TestWithParam<const char*> {};

TEST_P(YamlQuotes, TextThatCouldBeReadAsSomethingElse) {
  const std::string text = quote(GetParam());
  EXPECT_EQ(yaml(text), text + "\n");
  EXPECT_EQ(yaml("{" + text + ":1}"), text + ": 1\n");
}

INSTANTIATE_TEST_SUITE_P(All, YamlQuotes,
                         testing::Values("", "y", "No", "ON", "off", "TRUE", "null", "~", "1", "-1", "0o17",
                                         "08", "1e3", "1_000", "12:30", "2026-11-23", ".inf", ".5", "+1",
                                         "*/5 * * * *", "a: b", "a #b", "ends:", "ends ", " starts", "- item",
                                         "-", "?", "{a}", "[a]", "&a", "*a", "!a", "|", ">", "'a'", "\"a\"",
                                         "%a", "@a", "`a`", "#a", "=", "<<", "line\nbreak", "tab\tinside",
                                         "caf\xC3\xA9", "del\x7F"));

class YamlPlain : public testing::TestWithParam<const char*> {};

TEST_P(YamlPlain, TextThatIsOnlyText) { EXPECT_EQ(yaml(quote(GetParam())), std::string(GetParam()) + "\n"); }

INSTANTIATE_TEST_SUITE_P(All, YamlPlain,
                         testing::Values("Deployment", "stash.appscode.com/v1beta1", "/stash-tmp", "a:b",
                                         "http://h:80/p", "a sentence, with a comma.", "yesterday",
                                         "nullable", "v1", "a'b", "a#b"));

}  // namespace
}  // namespace stash::json
