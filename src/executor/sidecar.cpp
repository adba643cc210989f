// One loop over the sessions of our own invoker. What is to be done is read from the API server each time
// (executor/decide.hpp), never remembered: after a crash, a lost lease or a missed event the loop comes to
// the same place.

#include "stash/executor/sidecar.hpp"

#include <algorithm>

#include "executor/backup_host.hpp"
#include "executor/finish.hpp"
#include "stash/api/host.hpp"
#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/base/memory.hpp"
#include "stash/kube/cache.hpp"
#include "stash/kube/lease.hpp"
#include "stash/kube/signal.hpp"
#include "stash/net/backoff.hpp"

namespace stash::executor {
namespace {

/// How long an idle loop trusts that the watch would have told of a change.
constexpr auto kLookAgain = std::chrono::seconds(30);

/// A session of our invoker; of all others nothing is kept.
struct Known {
  std::optional<api::BackupSession> session;
};

Task<void> then_stop(Task<void> work, net::TaskGroup& group, bool& done) {
  co_await std::move(work);
  done = true;
  group.cancel();
}

kube::LeaseOptions lease_options(const Place& place) {
  const kube::Ref lease(place.ns, api::backup_lease_name(place.target_kind, place.target_name));
  return kube::LeaseOptions(lease, place.pod_name);
}

class Sidecar {
 public:
  Sidecar(Services& services, SidecarOptions options)
      : services_(services),
        place_(std::move(options.place)),
        events_(services.client, services.timers, "Backup Sidecar", place_.pod_name),
        sessions_(services.client, services.timers, services.random, api::kBackupSession,
                  kube::Selection(place_.ns), [this](const json::Value& object) { return project(object); }) {
    sessions_.on_change([this](const kube::Change<Known>& change) {
      if ((change.now && change.now->session) || (change.before && change.before->session)) {
        ++changes_;
        changed_.notify();
      }
    });
  }

  Task<void> run() {
    net::TaskGroup group;
    co_await group.spawn(sessions_.run());
    co_await group.spawn(serve());
    co_await group.join();
  }

 private:
  Known project(const json::Value& object) const {
    Known known;
    const bool ours = json::text(object, "spec", "invoker", "kind") == place_.invoker_kind &&
                      json::text(object, "spec", "invoker", "name") == place_.invoker_name;
    if (ours) known.session = api::BackupSession::parse(object);
    return known;
  }

  std::string target_ns() const { return place_.target_ns.empty() ? place_.ns : place_.target_ns; }

  Task<void> serve() {
    co_await sessions_.synced();
    net::Backoff backoff(services_.random, std::chrono::seconds(1), std::chrono::minutes(1));
    for (;;) {
      const std::uint64_t seen = changes_;
      std::string failure;
      try {
        co_await handle_all();
        backoff.reset();
      } catch (const Error& e) {
        if (e.kind() == ErrorKind::Cancelled) throw;
        failure = e.what();
      }
      if (failure.empty()) {
        if (changes_ != seen) continue;
        give_back_memory();
        co_await changed_.wait_for(services_.timers, kLookAgain);
        continue;
      }
      const Duration pause = backoff.next();
      log::warn("session not handled",
                {{"invoker", place_.invoker_name}, {"error", failure}, {"again_in", format_duration(pause)}});
      co_await services_.timers.sleep(pause);
    }
  }

  /// Unfinished sessions of ours, oldest first.
  std::vector<kube::Ref> open_sessions() const {
    std::vector<std::pair<TimePoint, kube::Ref>> found;
    sessions_.each([&](const kube::Ref& ref, const Known& known) {
      if (!known.session || known.session->finished()) return;
      found.emplace_back(known.session->metadata.created.value_or(TimePoint()), ref);
    });
    std::ranges::sort(found);
    std::vector<kube::Ref> refs;
    for (auto& [created, ref] : found) refs.push_back(std::move(ref));
    return refs;
  }

  /// One that fails keeps none of the others waiting; the first failure is thrown after them.
  Task<void> handle_all() {
    std::exception_ptr failure;
    for (const kube::Ref& ref : open_sessions()) {
      try {
        co_await handle_one(ref);
      } catch (const Error& e) {
        if (e.kind() == ErrorKind::Cancelled) throw;
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
  }

  Task<void> handle_one(kube::Ref ref) {
    auto order = co_await read_order(ref);
    if (!order || step_of(*order) == BackupStep::None || step_of(*order) == BackupStep::Wait) co_return;
    if (place_.each_pod_is_a_host()) {
      co_await handle_alone(ref);
    } else {
      co_await handle(ref);
    }
  }

  BackupStep step_of(const BackupOrder& order) const {
    return decide_backup(order.session, order.view, services_.timers.now());
  }

  /// Session and configuration as they are now; nothing when one of them is gone.
  Task<std::optional<BackupOrder>> read_order(kube::Ref ref) {
    const auto session = co_await services_.client.find(api::kBackupSession, ref);
    if (!session) co_return std::nullopt;
    const kube::Ref invoker(place_.ns, place_.invoker_name);
    const auto configuration = co_await services_.client.find(api::kBackupConfiguration, invoker);
    if (!configuration) co_return std::nullopt;

    BackupOrder order;
    order.place = place_;
    order.session = api::BackupSession::parse(*session);
    order.configuration = api::BackupConfiguration::parse(*configuration);
    if (!order.configuration.spec.target) {
      throw Error(ErrorKind::Invalid, "{}: spec.target is missing: say what to back up", order.where());
    }
    order.view.invoker_kind = place_.invoker_kind;
    order.view.invoker_name = place_.invoker_name;
    order.view.target.kind = place_.target_kind;
    order.view.target.name = place_.target_name;
    order.view.target.ns = target_ns();
    order.view.host = place_.host.empty() ? api::host_name(place_.target_kind, order.target().alias,
                                                           place_.pod_name, place_.node_name)
                                          : place_.host;
    co_return order;
  }

  /// Does what is due, step by step, each decided on what the API server says then.
  Task<void> handle(kube::Ref ref) {
    for (;;) {
      auto order = co_await read_order(ref);
      if (!order) co_return;
      const WhileOpen open = [this, ref, uid = order->session.metadata.uid](Task<void> work) {
        return while_open(ref, uid, std::move(work));
      };
      const BackupStep step = step_of(*order);
      if (step == BackupStep::Backup) {
        co_await back_up_host(services_, events_, std::move(*order), open);
      } else if (step == BackupStep::Finish) {
        auto closing = finish_backup(services_, std::move(*order));
        const bool done = co_await open(std::move(closing));
        if (!done) co_return;
      } else {
        co_return;
      }
    }
  }

  /// The same while no other pod of the workload works. Who stands in line when the session ends finds
  /// nothing to do at his turn.
  Task<void> handle_alone(kube::Ref ref) {
    kube::LeaseLock lock(services_.client, services_.timers, services_.random, lease_options(place_));
    kube::LeaseLock::Work work = [this, ref] { return handle(ref); };
    co_await lock.guard(std::move(work));
  }

  /// One that was made anew under its name is another.
  bool is_open(const kube::Ref& ref, const std::string& uid) const {
    const Known* known = sessions_.find(ref);
    return known && known->session && known->session->metadata.uid == uid && !known->session->finished() &&
           !known->session->metadata.deleting;
  }

  Task<void> until_over(kube::Ref ref, std::string uid, net::TaskGroup& group) {
    while (is_open(ref, uid)) co_await changed_.wait();
    log::warn("session is over, its work is stopped", {{"session", ref.str()}});
    group.cancel();
  }

  /// Runs `work`, and stops it when the session is deleted or declared finished meanwhile: then the answer
  /// is false.
  Task<bool> while_open(kube::Ref ref, std::string uid, Task<void> work) {
    bool done = false;
    net::TaskGroup group;
    co_await group.spawn(then_stop(std::move(work), group, done));
    co_await group.spawn(until_over(ref, std::move(uid), group));
    co_await group.join();
    co_return done;
  }

  Services& services_;
  Place place_;
  kube::EventRecorder events_;
  kube::Signal changed_;
  std::uint64_t changes_ = 0;  ///< counts notify(): a change that came while nobody waited is not lost
  kube::Cache<Known> sessions_;
};

Task<void> follow(Services& services, SidecarOptions options) {
  Sidecar sidecar(services, std::move(options));
  co_await sidecar.run();
}

/// Among the replicas of a Deployment: leads, and stands in line again when the lease was lost.
Task<void> lead(Services& services, SidecarOptions options) {
  for (;;) {
    std::string failure;
    try {
      kube::LeaseLock lock(services.client, services.timers, services.random, lease_options(options.place));
      kube::LeaseLock::Work work = [&services, &options] { return follow(services, options); };
      co_await lock.guard(std::move(work));
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Conflict) throw;
      failure = e.what();
    }
    log::warn("leadership lost, standing in line again", {{"error", failure}});
  }
}

}  // namespace

Task<int> run_sidecar(Services& services, SidecarOptions options) {
  const Place& place = options.place;
  log::info("sidecar begins", {{"invoker", place.invoker_kind + " " + place.ns + "/" + place.invoker_name},
                               {"target", place.target_kind + " " + place.target_name},
                               {"pod", place.pod_name}});
  try {
    if (place.invoker_kind != api::kBackupConfiguration.kind) {
      throw Error(ErrorKind::Unsupported,
                  "invoker kind {} is not supported by this version; use BackupConfiguration",
                  place.invoker_kind);
    }
    if (place.pod_name.empty())
      throw Error(ErrorKind::Invalid, "the environment variable POD_NAME is not set");
    // A group tells every way of being stopped as Error(Cancelled).
    net::TaskGroup group;
    co_await group.spawn(place.each_pod_is_a_host() ? follow(services, options) : lead(services, options));
    co_await group.join();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) co_return 0;
    log::error("sidecar ends", {{"error", e.what()}});
  }
  co_return 1;
}

}  // namespace stash::executor
