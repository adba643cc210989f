// Jobs that have done their work are removed: a CronJob would otherwise keep three of each.

#include "controller/controllers.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {

Task<kube::Action> reconcile_job(Context& context, kube::Ref ref) {
  const OwnedView* job = context.world.jobs.find(ref);
  if (!job || !job->succeeded) co_return kube::Action::await_change();
  co_await context.client.remove(kube::kJob, ref, kube::Propagation::Background, "");
  co_return kube::Action::await_change();
}

}  // namespace stash::controller
