#include "stash/api/repository.hpp"

#include <gtest/gtest.h>

#include "api/objects.hpp"

namespace stash::api {
namespace {

struct View {
  const char* backend;
  const char* provider;
  const char* container;
  const char* prefix;
};
void PrintTo(const View& v, std::ostream* out) { *out << v.backend; }

class BackendView : public testing::TestWithParam<View> {};

TEST_P(BackendView, NamesProviderContainerAndPrefix) {
  const Backend backend = test::repository(GetParam().backend).spec.backend;
  EXPECT_EQ(backend.provider(), GetParam().provider);
  EXPECT_EQ(backend.container(), GetParam().container);
  EXPECT_EQ(backend.prefix(), GetParam().prefix);
}

INSTANTIATE_TEST_SUITE_P(
    All, BackendView,
    testing::Values(
        View{R"("s3":{"endpoint":"e","bucket":"b","prefix":"/a/b/"})", "s3", "b", "a/b"},
        View{R"("gcs":{"bucket":"b"})", "gcs", "b", ""},
        View{R"("azure":{"container":"c","prefix":"p"})", "azure", "c", "p"},
        View{R"("swift":{"container":"c","prefix":"p"})", "swift", "c", "p"},
        View{R"("b2":{"bucket":"b","prefix":"p"})", "b2", "b", "p"},
        View{R"("rest":{"url":"https://u:p@host:8000/repo/"})", "rest", "host:8000", "repo"},
        View{R"("rest":{"url":"http://host"})", "rest", "host", ""},
        View{R"("local":{"mountPath":"/safe","subPath":"x","hostPath":{"path":"/h"}})", "local", "/safe", ""},
        View{R"("b2":{"bucket":"b"},"s3":{"endpoint":"e","bucket":"s"})", "s3", "s", ""},
        View{R"("s3":{"endpoint":"e","bucket":"s"},"local":{"mountPath":"/l"})", "local", "/l", ""},
        View{R"("maxConnections":1)", "", "", ""}));

TEST(LocalBackend, KeepsItsVolumeSourceAsItWasWritten) {
  const auto source = [](const char* members) {
    return test::repository(std::string(R"("local":{"mountPath":"/l")") + members + "}")
        .spec.backend.local->volume_source();
  };
  EXPECT_EQ(source(R"(,"nfs":{"server":"s","path":"/"})"), R"({"nfs":{"server":"s","path":"/"}})");
  EXPECT_EQ(source(R"(,"emptyDir":{})"), R"({"emptyDir":{}})");
  EXPECT_EQ(source(""), "");
}

bool may_use(const char* policy, std::string_view user, const char* labels = "{}") {
  const Repository repository = test::repository(R"("rest":{"url":"u"})", policy);
  const json::Document document = json::parse(labels, "labels");
  return may_use(repository, user, &document);
}

TEST(UsagePolicy, AlwaysLetsTheOwnNamespaceIn) {
  EXPECT_TRUE(may_use("", "demo"));
  EXPECT_TRUE(may_use(
      R"(,"usagePolicy":{"allowedNamespaces":{"from":"Selector","selector":{"matchLabels":{"a":"b"}}}})",
      "demo"));
}

TEST(UsagePolicy, KeepsOthersOutUnlessItSaysAll) {
  EXPECT_FALSE(may_use("", "other"));
  EXPECT_FALSE(may_use(R"(,"usagePolicy":{})", "other"));
  EXPECT_FALSE(may_use(R"(,"usagePolicy":{"allowedNamespaces":{"from":"Same"}})", "other"));
  EXPECT_TRUE(may_use(R"(,"usagePolicy":{"allowedNamespaces":{"from":"All"}})", "other"));
}

TEST(UsagePolicy, SelectsByTheLabelsOfTheNamespace) {
  const char* policy =
      R"(,"usagePolicy":{"allowedNamespaces":{"from":"Selector","selector":{"matchLabels":{"team":"shop"}}}})";
  EXPECT_TRUE(may_use(policy, "other", R"({"team":"shop"})"));
  EXPECT_FALSE(may_use(policy, "other", R"({"team":"office"})"));
  EXPECT_FALSE(may_use(policy, "other"));
  EXPECT_FALSE(
      may_use(R"(,"usagePolicy":{"allowedNamespaces":{"from":"Selector"}})", "other", R"({"team":"shop"})"));
}

}  // namespace
}  // namespace stash::api
