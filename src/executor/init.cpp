#include "stash/executor/init.hpp"

#include "executor/decide.hpp"
#include "executor/reporter.hpp"
#include "executor/restore_host.hpp"
#include "stash/api/host.hpp"
#include "stash/api/names.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/lease.hpp"

namespace stash::executor {
namespace {

class Init {
 public:
  Init(Services& services, InitOptions options)
      : services_(services),
        options_(std::move(options)),
        events_(services.client, services.timers, "Restore Init-Container", options_.place.pod_name) {}

  /// True when the application may start. An Error that leaves is told in an Event of the session, as far as
  /// that could be read.
  Task<bool> run() {
    std::exception_ptr failure;
    std::string text;
    try {
      co_return co_await restore_in_turn();
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      failure = std::current_exception();
      text = e.what();
    }
    if (subject_) co_await warn(*subject_, std::move(text));
    std::rethrow_exception(failure);
  }

 private:
  Task<bool> restore_in_turn() {
    const auto order = co_await read_order();
    if (!order) co_return true;
    const RestoreDecision decision = decide(*order);
    if (decision.step != RestoreStep::Restore) co_return co_await tell(*order, decision);

    bool may_start = false;
    kube::LeaseLock lock(services_.client, services_.timers, services_.random, lease_options());
    kube::LeaseLock::Work work = [this, &may_start] { return restore_alone(may_start); };
    const bool held = co_await lock.guard_within(options_.lock_patience, std::move(work));
    if (!held) {
      throw Error(ErrorKind::Unavailable, "another pod ({}) has held the Lease {} for {}", lock.holder(),
                  lease_options().lease.str(), format_duration(options_.lock_patience));
    }
    co_return may_start;
  }

  /// Nothing when the RestoreSession does not exist.
  Task<std::optional<RestoreOrder>> read_order() {
    const Place& place = options_.place;
    const kube::Ref ref(place.ns, place.invoker_name);
    const auto found = co_await services_.client.find(api::kRestoreSession, ref);
    if (!found) {
      log::info("nothing to restore",
                {{"session", ref.str()}, {"reason", "there is no such RestoreSession"}});
      co_return std::nullopt;
    }
    subject_ = kube::EventSubject(api::kRestoreSession, *found);
    RestoreOrder order;
    order.place = place;
    order.root = options_.root;
    order.session = api::RestoreSession::parse(*found);
    const auto& target = order.session.spec.target;
    if (!target)
      throw Error(ErrorKind::Invalid, "{}: spec.target is missing: say what to restore", order.where());
    order.host = place.host.empty()
                     ? api::host_name(place.target_kind, target->alias, place.pod_name, place.node_name)
                     : place.host;
    co_return order;
  }

  RestoreDecision decide(const RestoreOrder& order) const {
    return decide_restore(order.session, order.host, services_.timers.now());
  }

  Task<bool> tell(const RestoreOrder& order, const RestoreDecision& decision) {
    if (decision.step == RestoreStep::Skip) {
      log::info("nothing to restore", {{"host", order.host}, {"reason", decision.reason}});
      co_return true;
    }
    log::error("start refused", {{"host", order.host}, {"reason", decision.reason}});
    co_await warn(subject_of(order.session), decision.reason);
    co_return false;
  }

  Task<void> warn(kube::EventSubject subject, std::string text) {
    co_await events_.record(std::move(subject), kube::Severity::Warning, "Host Restore Failed",
                            std::move(text));
  }

  /// With the lease: another replica may have restored meanwhile, so all is read and decided again.
  Task<void> restore_alone(bool& may_start) {
    auto order = co_await read_order();
    if (!order) {
      may_start = true;
      co_return;
    }
    const RestoreDecision decision = decide(*order);
    if (decision.step != RestoreStep::Restore) {
      may_start = co_await tell(*order, decision);
    } else {
      may_start = co_await restore_host(services_, events_, std::move(*order));
    }
  }

  kube::LeaseOptions lease_options() const {
    const Place& place = options_.place;
    const kube::Ref lease(place.ns, api::restore_lease_name(place.target_kind, place.target_name));
    return kube::LeaseOptions(lease, place.pod_name);
  }

  Services& services_;
  InitOptions options_;
  kube::EventRecorder events_;
  std::optional<kube::EventSubject> subject_;  ///< the session, once it was read
};

}  // namespace

Task<int> run_init(Services& services, InitOptions options) {
  try {
    if (options.place.invoker_kind != api::kRestoreSession.kind) {
      throw Error(ErrorKind::Unsupported,
                  "invoker kind {} is not supported by this version; use RestoreSession",
                  options.place.invoker_kind);
    }
    if (options.place.pod_name.empty())
      throw Error(ErrorKind::Invalid, "the environment variable POD_NAME is not set");
    Init init(services, std::move(options));
    const bool may_start = co_await init.run();
    co_return may_start ? 0 : 1;
  } catch (const Error& e) {
    log::error("not restored; the application is not started", {{"error", e.what()}});
  }
  co_return 1;
}

}  // namespace stash::executor
