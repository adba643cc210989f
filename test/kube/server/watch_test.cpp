// Cache and leases against a real API server, also across its restart.

#include <gtest/gtest.h>

#include <set>

#include "kube/server/with_server.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;
using test::with_server;

std::string value_of(const json::Value& object) { return std::string(json::text(object, "data", "key")); }

/// Waits up to half a minute of real time.
Task<bool> comes_true(net::Timers& timers, std::function<bool()> condition) {
  for (int i = 0; i < 600; ++i) {
    if (condition()) co_return true;
    co_await timers.sleep(50ms);
  }
  co_return false;
}

struct Followed {
  explicit Followed(test::Server& s)
      : server(s), cache(s.client, s.timers, s.random, kConfigMap, Selection(s.ns), value_of) {}

  Task<bool> shows(std::string name, std::string value) {
    std::function<bool()> condition = [this, ref = Ref(server.ns, name), value] {
      const std::string* found = cache.find(ref);
      return value.empty() ? !found : found && *found == value;
    };
    co_return co_await comes_true(server.timers, std::move(condition));
  }

  test::Server& server;
  Cache<std::string> cache;
};

Task<void> follow(test::Server& server, std::function<Task<void>(Followed&)> body) {
  Followed followed(server);
  net::TaskGroup group;
  co_await group.spawn(followed.cache.run());
  std::exception_ptr failure;
  try {
    co_await followed.cache.synced();
    co_await body(followed);
  } catch (...) {
    failure = std::current_exception();
  }
  group.cancel();
  co_await group.join();
  if (failure) std::rethrow_exception(failure);
}

Task<void> write(test::Server& server, std::string name, std::string value) {
  const Ref ref(server.ns, std::move(name));
  PatchOptions apply(PatchType::Apply, "");
  co_await server.client.patch(kConfigMap, ref, test::config_map(ref, value), std::move(apply));
}

TEST(CacheOnServer, FollowsEveryChange) {
  with_server([](test::Server& s) -> Task<void> {
    co_await write(s, "before", "1");
    co_await follow(s, [](Followed& f) -> Task<void> {
      EXPECT_NE(f.cache.find(Ref(f.server.ns, "before")), nullptr);
      co_await write(f.server, "after", "1");
      const bool added = co_await f.shows("after", "1");
      co_await write(f.server, "after", "2");
      const bool changed = co_await f.shows("after", "2");
      co_await f.server.client.remove(kConfigMap, Ref(f.server.ns, "after"), Propagation::Background, "");
      const bool removed = co_await f.shows("after", "");
      EXPECT_TRUE(added && changed && removed);
    });
  });
}

/// The API server's watch cache begins anew when it starts, so versions from before are gone: the cache has
/// to list.
TEST(CacheOnServer, HealsAcrossARestartOfTheApiServer) {
  with_server(
      [](test::Server& s) -> Task<void> {
        co_await write(s, "stays", "1");
        co_await write(s, "goes", "1");
        co_await follow(s, [](Followed& f) -> Task<void> {
          auto restart = [] { test::ControlPlane::shared().restart_api_server(); };
          co_await net::offload(f.server.pool, restart);
          co_await f.server.client.remove(kConfigMap, Ref(f.server.ns, "goes"), Propagation::Background, "");
          co_await write(f.server, "stays", "2");
          const bool removed = co_await f.shows("goes", "");
          const bool changed = co_await f.shows("stays", "2");
          EXPECT_TRUE(removed);
          EXPECT_TRUE(changed);
        });
        ListOptions old;
        old.ns = s.ns;
        old.resource_version = "1";
        std::optional<ErrorKind> kind;
        try {
          auto stream = co_await s.client.watch(kConfigMap, old);
          co_await stream->read();
        } catch (const Error& e) {
          kind = e.kind();
        }
        EXPECT_EQ(kind, ErrorKind::Conflict) << "a version from before the watch cache is 410 Gone";
      },
      180s);
}

/// Two replicas, each with a client of its own, that count in one place how many work.
struct Replicas {
  explicit Replicas(test::Server& s) : server(s), other(s.config, s.timers, s.random, s.pool) {}

  LeaseOptions options(std::string identity) const {
    LeaseOptions out(Ref(server.ns, "leader"), std::move(identity));
    out.duration = 3s;
    out.renew = 2s;
    out.retry = 300ms;
    return out;
  }
  Task<void> work(std::string who) {
    leaders.push_back(std::move(who));
    most = std::max(most, ++working);
    struct Leave {
      int& count;
      ~Leave() { --count; }
    } leave{working};
    co_await server.timers.sleep(1h);
  }

  test::Server& server;
  RestClient other;
  LeaseLock one{server.client, server.timers, server.random, options("one")};
  LeaseLock two{other, server.timers, server.random, options("two")};
  std::vector<std::string> leaders;
  int working = 0;
  int most = 0;
};

TEST(LeaseOnServer, OneReplicaLeadsAndTheNextFollows) {
  with_server([](test::Server& s) -> Task<void> {
    Replicas r(s);
    net::TaskGroup first;
    net::TaskGroup second;
    co_await first.spawn(r.one.guard([&r] { return r.work("one"); }));
    std::function<bool()> leads = [&r] { return r.working == 1; };
    const bool began = co_await comes_true(s.timers, std::move(leads));
    co_await second.spawn(r.two.guard([&r] { return r.work("two"); }));
    co_await s.timers.sleep(5s);
    EXPECT_TRUE(began);
    EXPECT_EQ(r.leaders, std::vector<std::string>{"one"});

    first.cancel();
    co_await first.join();
    std::function<bool()> followed = [&r] { return r.leaders.size() == 2; };
    const bool took_over = co_await comes_true(s.timers, std::move(followed));
    second.cancel();
    co_await second.join();

    EXPECT_TRUE(took_over);
    EXPECT_EQ(r.most, 1);
    const auto lease = co_await s.client.find(kLease, Ref(s.ns, "leader"));
    EXPECT_EQ(lease_record(*lease).holder, "");
    EXPECT_GE(lease_record(*lease).transitions, 1);
  });
}

}  // namespace
}  // namespace stash::kube
