// The operator dies at each request in turn; a fresh one brings the world to the same end.

#include "controller/cluster.hpp"

namespace stash::controller {
namespace {

using namespace std::chrono_literals;
using test::Cluster;
using test::with_cluster;

/// A request count at which every further request fails, as for a process that is no more.
struct Fuse {
  std::size_t left;
  bool burnt = false;
};

void light(Cluster& c, Fuse& fuse) {
  c.api.before = [&fuse](const test::FakeApiServer::Call&) {
    if (fuse.left > 0) {
      --fuse.left;
      return;
    }
    fuse.burnt = true;
    throw Error(ErrorKind::Unavailable, "the process is dead");
  };
}

/// What counts of the end, without what may differ: times, versions, and how often an event was told.
std::string end_of(const Cluster& c) {
  std::string out = fmt::format("rollouts {} containers {} init {} volumes {}\n", c.rollouts(),
                                c.names("containers"), c.names("initContainers"), c.names("volumes"));
  for (const auto* kind : {&kube::kCronJob, &kube::kServiceAccount, &kube::kRole, &kube::kRoleBinding})
    for (const kube::Ref& ref : c.api.refs(*kind)) out += fmt::format("{} {}\n", kind->kind, ref.str());
  for (const auto* kind :
       {&api::kRepository, &api::kBackupConfiguration, &api::kBackupSession, &api::kRestoreSession})
    for (const kube::Ref& ref : c.api.refs(*kind)) {
      const auto object = c.api.get(*kind, ref);
      // The successor of a session is named by the time of its turn.
      const bool successor = kind == &api::kBackupSession && ref.name != "nightly-1";
      out += fmt::format("{} {} {}", kind->kind, successor ? "the next" : ref.name,
                         json::text(object, "status", "phase"));
      if (const json::Value* references = json::find(object, "status", "references"))
        out += " references " + json::dump(*references);
      std::set<std::string> conditions;
      if (const json::Value* list = json::find(object, "status", "conditions"))
        for (const auto& item : list->GetArray())
          conditions.insert(fmt::format(" {}={}", json::text(item, "type"), json::text(item, "status")));
      out += fmt::format("{}\n", fmt::join(conditions, ""));
    }
  return out;
}

using Story = Task<void> (*)(Cluster&);

/// A user applies everything; the operator comes up.
Task<void> arrival(Cluster& c) {
  if (!c.api.has(api::kRestoreSession, {"demo", "back"})) c.put_restore();
  co_await c.start();
}

/// A whole session, from its creation to its end.
Task<void> session(Cluster& c) {
  co_await c.start();
  c.roll_out();
  co_await c.settle();
  if (!c.api.has(api::kBackupSession, {"demo", "nightly-1"})) c.put_session();
  co_await c.settle();
  if (c.phase(api::kBackupSession, "nightly-1") == "Running") {
    c.report("nightly-1", {"host-0"});
    c.close("nightly-1");
  }
  co_await c.settle();
}

/// Configuration and RestoreSession go together.
Task<void> departure(Cluster& c) {
  co_await c.start();
  co_await c.order_removal(api::kBackupConfiguration, "nightly");
  co_await c.order_removal(api::kRestoreSession, "back");
  co_await c.pass(4s, 1s);
}

/// A restore, from the RestoreSession to its end.
Task<void> restoration(Cluster& c) {
  if (!c.api.has(api::kRestoreSession, {"demo", "back"})) c.put_restore();
  co_await c.start();
  c.roll_out();
  co_await c.settle();
  if (c.phase(api::kRestoreSession, "back") == "Running") c.report_restore("back", "host-0", "Succeeded");
  co_await c.pass(4s, 1s);
}

/// A session that fails and is tried again.
Task<void> second_try(Cluster& c) {
  co_await c.start();
  c.roll_out();
  co_await c.settle();
  if (!c.api.has(api::kBackupSession, {"demo", "nightly-1"})) c.put_session("nightly-1", 1);
  co_await c.settle();
  if (c.phase(api::kBackupSession, "nightly-1") == "Running") {
    c.report("nightly-1", {"host-0"}, "Failed");
    c.close("nightly-1");
  }
  co_await c.pass(4s, 1s);
}

/// The pod of a session goes and never comes back.
Task<void> loss(Cluster& c) {
  co_await c.start();
  c.roll_out();
  co_await c.settle();
  if (!c.api.has(api::kBackupSession, {"demo", "nightly-1"})) c.put_session();
  co_await c.settle();
  if (c.phase(api::kBackupSession, "nightly-1") != "Running") co_return;
  c.api.edit(kube::kDeployment, c.web, R"({"status":{"readyReplicas":0}})");
  co_await c.pass(12min, 1min);
}

/// The end of the story when nobody dies, or, with a fuse, when the operator dies on the way and a fresh one
/// goes on. `reached` tells whether the fuse burnt.
std::string tell(Story prologue, Story story, Fuse* fuse) {
  std::string end;
  with_cluster([&](Cluster& c) -> Task<void> {
    return [](Cluster& cluster, Story first, Story then, Fuse* f, std::string& out) -> Task<void> {
      cluster.put_all();
      if (first) {
        co_await first(cluster);
        co_await cluster.stop_all();
      }
      if (f) light(cluster, *f);
      co_await then(cluster);
      if (f) {
        co_await cluster.stop_all();
        cluster.api.before = nullptr;
        co_await then(cluster);
      }
      co_await cluster.pass(2min, 20s);
      out = end_of(cluster);
    }(c, prologue, story, fuse, end);
  });
  return end;
}

void die_at_every_request(Story prologue, Story story) {
  const std::string wanted = tell(prologue, story, nullptr);
  ASSERT_FALSE(wanted.empty());
  std::size_t deaths = 0;
  for (std::size_t n = 0;; ++n) {
    Fuse fuse{n};
    const std::string end = tell(prologue, story, &fuse);
    EXPECT_EQ(end, wanted) << "died at request " << n;
    if (!fuse.burnt || testing::Test::HasFailure()) break;
    ++deaths;
  }
  EXPECT_GT(deaths, 20u);
}

TEST(Crash, WhileEverythingIsMade) { die_at_every_request(nullptr, arrival); }

TEST(Crash, InASession) { die_at_every_request(nullptr, session); }

TEST(Crash, InARestore) { die_at_every_request(nullptr, restoration); }

TEST(Crash, InASecondTry) { die_at_every_request(nullptr, second_try); }

TEST(Crash, WhileASessionLosesItsPod) { die_at_every_request(nullptr, loss); }

TEST(Crash, WhileEverythingIsTakenBack) { die_at_every_request(arrival, departure); }

}  // namespace
}  // namespace stash::controller
