// Repositories: what happens to the data when the object goes.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::with_cluster;

bool exists(Cluster& c) { return c.api.has(api::kRepository, {"demo", "repo"}); }

TEST(Repositories, GoAndTheDataStays) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository();
    co_await c.start();
    co_await c.remove(api::kRepository, "repo");

    EXPECT_FALSE(exists(c));
    EXPECT_TRUE(c.wiped.empty());
  });
}

TEST(Repositories, TakeTheirDataWithThemWhenAsked) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository(R"("wipeOut":true,)");
    co_await c.start();
    co_await c.remove(api::kRepository, "repo");

    EXPECT_EQ(c.wiped, std::vector<std::string>{"demo/repo"});
    EXPECT_FALSE(exists(c));
  });
}

TEST(Repositories, StayUntilTheirDataCouldBeDeleted) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository(R"("wipeOut":true,)");
    co_await c.start();
    c.store_fault = "the bucket is locked";
    co_await c.remove(api::kRepository, "repo");
    EXPECT_TRUE(exists(c));
    EXPECT_TRUE(c.has_event("Wipe Out Failed"));

    c.store_fault.clear();
    co_await c.pass(2min);
    EXPECT_EQ(c.wiped, std::vector<std::string>{"demo/repo"});
    EXPECT_FALSE(exists(c));
  });
}

TEST(Repositories, OfAVolumeStayInsteadOfSayingThatTheirDataWasDeleted) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository(R"("wipeOut":true,)", R"("local":{"mountPath":"/safe","hostPath":{"path":"/srv"}})");
    co_await c.start();
    co_await c.remove(api::kRepository, "repo");
    EXPECT_TRUE(exists(c));
    EXPECT_TRUE(c.wiped.empty());
    EXPECT_EQ(c.events(), std::vector<std::string>{"Wipe Out Failed"});
  });
}

TEST(Repositories, LetGoOfTheirDataWhenTheUserChangesTheirMind) {
  with_cluster([](Cluster& c) -> Task<void> {
    c.put_secret();
    c.put_repository(R"("wipeOut":true,)");
    co_await c.start();
    c.store_fault = "the bucket is locked";
    co_await c.remove(api::kRepository, "repo");
    c.api.edit(api::kRepository, {"demo", "repo"},
               R"({"metadata":{"generation":2},"spec":{"wipeOut":false}})");
    co_await c.settle();

    EXPECT_FALSE(exists(c));
    EXPECT_TRUE(c.wiped.empty());
  });
}

}  // namespace
}  // namespace stash::controller
