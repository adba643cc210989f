#include "stash/kube/meta.hpp"

#include <gtest/gtest.h>

#include "stash/kube/resources.hpp"

namespace stash::kube {
namespace {

json::Document object(std::string_view metadata) {
  return json::parse(fmt::format(R"({{"metadata":{}}})", metadata), "object");
}

TEST(Meta, ReadsWhatIsThereAndNothingElse) {
  const auto full = object(R"({"name":"a","namespace":"n","uid":"u","resourceVersion":"7","generation":3,
    "labels":{"l":"1"},"annotations":{"x":"2"},"creationTimestamp":"2026-01-02T03:04:05Z",
    "deletionTimestamp":"2026-01-02T03:04:06Z","finalizers":["f/a","f/b"]})");
  const auto odd = object(R"({"name":7,"labels":[],"finalizers":"f","ownerReferences":{}})");

  EXPECT_EQ(ref_of(full), Ref("n", "a"));
  EXPECT_EQ(generation_of(full), 3);
  EXPECT_EQ(label_of(full, "l"), "1");
  EXPECT_EQ(annotation_of(full, "x"), "2");
  EXPECT_EQ(format_time(*creation_time_of(full)), "2026-01-02T03:04:05Z");
  EXPECT_TRUE(is_deleting(full));
  EXPECT_TRUE(has_finalizer(full, "f/b"));
  EXPECT_EQ(finalizers_of(full).size(), 2u);
  EXPECT_EQ(ref_of(odd), Ref());
  EXPECT_EQ(label_of(odd, "l"), "");
  EXPECT_FALSE(has_finalizer(odd, "f"));
  EXPECT_TRUE(owners_of(odd).empty());
  EXPECT_FALSE(is_deleting(odd));
}

TEST(Meta, OwnersRoundTrip) {
  const auto owner = json::parse(R"({"metadata":{"name":"web \"1\"","uid":"u-1"}})", "owner");
  const OwnerReference made = owner_reference(kDeployment, owner, true);
  const auto child =
      object(fmt::format(R"({{"ownerReferences":[{{"uid":"other","kind":"X"}},{}]}})", made.json()));

  EXPECT_EQ(controller_of(child), made);
  EXPECT_TRUE(is_owned_by(child, "u-1"));
  EXPECT_FALSE(is_owned_by(child, "u-2"));
  EXPECT_EQ(made.api_version, "apps/v1");
}

TEST(Meta, SelectorsChooseAsTheApiServerDoes) {
  const auto labels = json::parse(R"({"app":"web","tier":"front"})", "labels");
  const auto chooses = [&labels](std::string_view selector) {
    return selector_matches(json::parse(selector, "selector"), &labels);
  };

  EXPECT_TRUE(chooses("{}"));
  EXPECT_TRUE(chooses(R"({"matchLabels":{"app":"web"}})"));
  EXPECT_FALSE(chooses(R"({"matchLabels":{"app":"web","x":"y"}})"));
  EXPECT_TRUE(chooses(R"({"matchExpressions":[{"key":"app","operator":"In","values":["a","web"]}]})"));
  EXPECT_FALSE(chooses(R"({"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]})"));
  EXPECT_TRUE(chooses(R"({"matchExpressions":[{"key":"none","operator":"NotIn","values":["web"]}]})"));
  EXPECT_FALSE(chooses(R"({"matchExpressions":[{"key":"none","operator":"In","values":[""]}]})"));
  EXPECT_TRUE(chooses(R"({"matchExpressions":[{"key":"tier","operator":"Exists"}]})"));
  EXPECT_FALSE(chooses(R"({"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]})"));
  EXPECT_FALSE(chooses(R"({"matchExpressions":[{"key":"tier","operator":"Gt","values":["1"]}]})"));
  EXPECT_FALSE(selector_matches(json::parse(R"({"matchLabels":{"a":"b"}})", "s"), nullptr));
}

TEST(Meta, SelectorTextJoinsPairs) {
  EXPECT_EQ(selector_text({{"a", "b"}, {"c/d", "e"}}), "a=b,c/d=e");
  EXPECT_EQ(selector_text({}), "");
}

}  // namespace
}  // namespace stash::kube
