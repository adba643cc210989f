#include "stash/metrics/registry.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "stash/base/error.hpp"

namespace stash::metrics {
namespace {

TEST(Registry, WritesFamiliesAndSeriesInOrder) {
  Registry registry;
  registry.set("b_gauge", "Second.", {{"x", "2"}}, 2.5);
  registry.set("b_gauge", "ignored", {{"x", "1"}}, 1e9);
  registry.add("a_total", "First.", {});
  registry.add("a_total", "First.", {}, 2);

  EXPECT_EQ(
      registry.text(),
      "# HELP a_total First.\n# TYPE a_total counter\na_total 3\n"
      "# HELP b_gauge Second.\n# TYPE b_gauge gauge\nb_gauge{x=\"1\"} 1000000000\nb_gauge{x=\"2\"} 2.5\n");
}

TEST(Registry, EscapesLabelsAndHelp) {
  Registry registry;
  registry.set("g", "a\\b\nc \"d\"", {{"l", "a\\b\nc\"d"}}, 1);

  EXPECT_EQ(registry.text(), "# HELP g a\\\\b\\nc \"d\"\n# TYPE g gauge\ng{l=\"a\\\\b\\nc\\\"d\"} 1\n");
}

TEST(Registry, SpellsNumbersThatAreNone) {
  Registry registry;
  registry.set("g", "h", {{"k", "1"}}, std::nan(""));
  registry.set("g", "h", {{"k", "2"}}, -INFINITY);

  EXPECT_NE(registry.text().find("{k=\"1\"} NaN\n"), std::string::npos);
  EXPECT_NE(registry.text().find("{k=\"2\"} -Inf\n"), std::string::npos);
}

TEST(Registry, ForgetsASeriesAndItsEmptyFamily) {
  Registry registry;
  registry.set("g", "h", {{"k", "1"}}, 1);
  registry.remove("g", {{"k", "2"}});
  EXPECT_FALSE(registry.empty());
  registry.remove("g", {{"k", "1"}});
  EXPECT_TRUE(registry.empty());
}

TEST(Registry, RefusesBadNamesAndMixedTypes) {
  Registry registry;
  registry.set("g", "h", {}, 1);
  EXPECT_THROW(registry.set("1g", "h", {}, 1), Error);
  EXPECT_THROW(registry.set("x", "h", {{"a-b", "c"}}, 1), Error);
  EXPECT_THROW(registry.add("g", "h", {}), Error);
  EXPECT_THROW(registry.add("c", "h", {}, -1), Error);
}

}  // namespace
}  // namespace stash::metrics
