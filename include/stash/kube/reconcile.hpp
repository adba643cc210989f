#pragma once

#include <functional>
#include <optional>
#include <string>

#include "stash/kube/work_queue.hpp"

namespace stash::kube {

/// What a reconciler wants next for its object.
struct Action {
  std::optional<Duration> after;

  /// Look again after this long, even if nothing changes.
  static Action requeue(Duration delay) { return Action(delay); }
  /// Look again when something changes.
  static Action await_change() { return Action(std::nullopt); }

 private:
  explicit Action(std::optional<Duration> d) : after(d) {}
};

using Reconcile = std::function<Task<Action>(Ref)>;

struct ReconcileOptions {
  std::string name;  ///< of the controller, for logs
  int workers = 1;
  Duration limit = std::chrono::minutes(2);  ///< longest one reconciliation; then it counts as failed

  ReconcileOptions() {}
  explicit ReconcileOptions(std::string n, int w = 1) : name(std::move(n)), workers(w) {}
};

/// Takes keys from `queue` and reconciles them, `workers` at a time, until cancelled. An Error, or any other
/// exception, leaving a reconciliation is logged and the key tried again after its back-off; success resets
/// the back-off.
Task<void> reconcile_loop(WorkQueue& queue, Reconcile reconcile, ReconcileOptions options);

}  // namespace stash::kube
