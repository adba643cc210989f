#include "stash/kube/reconcile.hpp"

#include <boost/asio/this_coro.hpp>

#include "stash/base/log.hpp"

namespace stash::kube {
namespace {

/// Reconciles one key and says in the queue when to look again.
Task<void> reconcile_one(WorkQueue& queue, const Reconcile& reconcile, const ReconcileOptions& options,
                         Ref ref) {
  std::optional<Action> action;
  std::string failure;
  auto level = log::Level::Warn;
  try {
    auto work = reconcile(ref);
    action.emplace(co_await net::within(options.limit, "reconcile", std::move(work)));
  } catch (const Error& e) {
    // Somebody else wrote meanwhile: the next look is at what they wrote.
    if (e.kind() == ErrorKind::Conflict) level = log::Level::Debug;
    failure = e.what();
  } catch (const std::exception& e) {
    failure = e.what();
  }
  const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
  if (!action && cancellation.cancelled() != boost::asio::cancellation_type::none)
    throw Error(ErrorKind::Cancelled, "cancelled");
  if (action) {
    queue.forget(ref);
    if (action->after) queue.add_after(ref, *action->after);
    co_return;
  }
  queue.retry(ref);
  log::write(level, "reconcile failed",
             {{"controller", options.name},
              {"object", ref.str()},
              {"failures", queue.failures(ref)},
              {"error", failure}});
}

Task<void> work(WorkQueue& queue, const Reconcile& reconcile, const ReconcileOptions& options) {
  for (;;) {
    const Ref ref = co_await queue.next();
    struct Release {
      WorkQueue& queue;
      const Ref& ref;
      ~Release() { queue.done(ref); }
    } release{queue, ref};
    co_await reconcile_one(queue, reconcile, options, ref);
  }
}

}  // namespace

Task<void> reconcile_loop(WorkQueue& queue, Reconcile reconcile, ReconcileOptions options) {
  net::TaskGroup workers;
  for (int i = 0; i < options.workers; ++i) co_await workers.spawn(work(queue, reconcile, options));
  co_await workers.join();
}

}  // namespace stash::kube
