#include "stash/kube/cache.hpp"

#include <gtest/gtest.h>

#include "stash/kube/resources.hpp"
#include "support/fake_api_server.hpp"
#include "support/manual_timers.hpp"

namespace stash::kube {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;
using test::ManualTimers;

std::string pod(std::string_view name, std::string_view node, std::string_view uid = "first") {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"n","uid":"{}"}},"spec":{{"nodeName":"{}"}}}})", name, uid,
      node);
}

std::string node_of(const json::Value& object) {
  const auto node = json::text(object, "spec", "nodeName");
  if (node == "bad") throw Error(ErrorKind::Invalid, "bad node");
  return std::string(node);
}

/// A cache of pods' node names over a fake server, and what it told.
struct Bench {
  ManualTimers timers;
  SystemRandom random;
  FakeApiServer server{timers};
  Cache<std::string> cache{server, timers, random, kPod, Selection("n"), node_of};
  std::vector<std::string> told;

  Bench() {
    log::set_sink([](std::string_view) {});
    cache.add_index("node", [](const Ref&, const std::string& node) { return std::vector{node}; });
    cache.on_change([this](const Change<std::string>& change) {
      told.push_back(fmt::format("{} {}>{}", change.ref.name, change.before ? *change.before : "",
                                 change.now ? *change.now : ""));
    });
  }
  std::vector<std::string> heard() { return std::exchange(told, {}); }
};

using Body = Task<void> (*)(Bench&);

Task<void> with_running_cache(Bench& bench, Body body) {
  net::TaskGroup group;
  co_await group.spawn(bench.cache.run());
  co_await bench.cache.synced();
  co_await body(bench);
  group.cancel();
  co_await group.join();
}

using Told = std::vector<std::string>;

TEST(Cache, HoldsTheFirstListThenFollowsTheWatch) {
  Bench b;
  b.server.put(kPod, pod("a", "one"));
  b.server.put(kPod, pod("b", "two"));
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    EXPECT_EQ(s.heard(), (Told{"a >one", "b >two"}));
    s.server.put(kPod, pod("c", "one"));
    s.server.put(kPod, pod("a", "two"));
    s.server.erase(kPod, Ref("n", "b"));
    co_await ManualTimers::settle();

    EXPECT_EQ(s.heard(), (Told{"c >one", "a one>two", "b two>"}));
    EXPECT_EQ(*s.cache.find(Ref("n", "a")), "two");
    EXPECT_EQ(s.cache.find(Ref("n", "b")), nullptr);
    EXPECT_EQ(s.cache.size(), 2u);
    EXPECT_EQ(s.cache.indexed("node", "two"), std::vector{Ref("n", "a")});
    EXPECT_EQ(s.cache.indexed("node", "none"), std::vector<Ref>{});
  }));
}

TEST(Cache, ReadsAListOfManyPages) {
  Bench b;
  for (int i = 0; i < 1203; ++i) b.server.put(kPod, pod(fmt::format("p{}", i), "one"));
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    EXPECT_EQ(s.cache.size(), 1203u);
    EXPECT_EQ(std::ranges::count(s.server.calls, "list", &FakeApiServer::Call::verb), 13);
    co_return;
  }));
}

TEST(Cache, OtherNamespacesAreNotItsBusiness) {
  Bench b;
  b.server.put(kPod, R"({"metadata":{"name":"x","namespace":"other"}})");
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    EXPECT_EQ(s.cache.size(), 0u);
    co_return;
  }));
}

TEST(Cache, ABrokenWatchIsResumedWithoutAList) {
  Bench b;
  b.server.put(kPod, pod("a", "one"));
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    co_await ManualTimers::settle();
    s.server.break_watches();
    s.server.put(kPod, pod("b", "two"));
    co_await s.timers.turn(2s);

    EXPECT_EQ(s.heard(), (Told{"a >one", "b >two"}));
    EXPECT_EQ(std::ranges::count(s.server.calls, "list", &FakeApiServer::Call::verb), 1);
    EXPECT_EQ(s.server.open_watches(), 1u);
  }));
}

TEST(Cache, WhatWentWhileTheWatchWasDownIsToldAsDeletedAfterTheNextList) {
  Bench b;
  for (const char* name : {"a", "b", "c"}) b.server.put(kPod, pod(name, "one"));
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    co_await ManualTimers::settle();
    s.heard();
    s.server.bookmark();
    co_await ManualTimers::settle();
    s.server.before = [](const FakeApiServer::Call&) { throw Error(ErrorKind::Unavailable, "down"); };
    s.server.break_watches();
    co_await ManualTimers::settle();
    s.server.erase(kPod, Ref("n", "a"));
    s.server.put(kPod, pod("b", "two"));
    s.server.compact();
    co_await s.timers.turn(1min);
    EXPECT_EQ(s.heard(), Told{});
    s.server.before = nullptr;
    co_await s.timers.turn(1min);

    EXPECT_EQ(s.heard(), (Told{"b one>two", "a one>"}));
    EXPECT_EQ(s.cache.size(), 2u);
  }));
}

TEST(Cache, WhatWasMadeAnewBetweenTwoListsIsToldAsDeletedAndAdded) {
  Bench b;
  for (const char* name : {"a", "b", "c"}) b.server.put(kPod, pod(name, "one"));
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    co_await ManualTimers::settle();
    s.heard();
    s.server.put(kPod, pod("a", "two", "second"));
    s.server.put(kPod, pod("b", "bad", "second"));
    s.server.compact();
    co_await s.timers.turn(1min);

    EXPECT_EQ(s.heard(), (Told{"a one>", "a >two", "b one>"}));
    EXPECT_EQ(*s.cache.find(Ref("n", "a")), "two");
    EXPECT_EQ(s.cache.find(Ref("n", "b")), nullptr);
    EXPECT_EQ(s.cache.indexed("node", "one"), std::vector{Ref("n", "c")});
  }));
}

TEST(Cache, ABookmarkSparesTheListAfterAnOldVersionIsForgotten) {
  Bench b;
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    co_await ManualTimers::settle();
    s.server.put(kConfigMap, R"({"metadata":{"name":"elsewhere","namespace":"n"}})");
    s.server.bookmark();
    co_await ManualTimers::settle();
    s.server.end_watches();
    co_await s.timers.turn(2s);
    s.server.put(kPod, pod("a", "one"));
    co_await ManualTimers::settle();

    EXPECT_EQ(s.heard(), Told{"a >one"});
    EXPECT_EQ(std::ranges::count(s.server.calls, "list", &FakeApiServer::Call::verb), 1);
  }));
}

TEST(Cache, AnObjectThatCannotBeReadKeepsItsLastGoodForm) {
  Bench b;
  b.server.put(kPod, pod("a", "one"));
  b.server.put(kPod, pod("never", "bad"));
  net::run(with_running_cache(b, [](Bench& s) -> Task<void> {
    s.server.put(kPod, pod("a", "bad"));
    s.server.put(kPod, pod("b", "two"));
    co_await ManualTimers::settle();

    EXPECT_EQ(*s.cache.find(Ref("n", "a")), "one");
    EXPECT_EQ(s.cache.find(Ref("n", "never")), nullptr);
    EXPECT_EQ(s.heard(), (Told{"a >one", "b >two"}));
  }));
}

TEST(Cache, EveryFailingRequestInTurnHealsToTheSameState) {
  for (std::size_t failing = 0; failing < 8; ++failing) {
    Bench b;
    for (int i = 0; i < 600; ++i) b.server.put(kPod, pod(fmt::format("p{}", i), "one"));
    b.server.before = [&b, failing](const FakeApiServer::Call&) {
      if (b.server.calls.size() == failing + 1)
        throw Error(ErrorKind::Unavailable, "the {}th call fails", failing);
    };
    auto scenario = [](Bench& s) -> Task<void> {
      net::TaskGroup group;
      co_await group.spawn(s.cache.run());
      for (int i = 0; i < 5; ++i) co_await s.timers.turn(1s);
      s.server.put(kPod, pod("last", "two"));
      for (int i = 0; i < 5; ++i) co_await s.timers.turn(1s);
      EXPECT_EQ(s.cache.size(), 601u);
      group.cancel();
      co_await group.join();
    };
    net::run(scenario(b));
  }
}

}  // namespace
}  // namespace stash::kube
