#pragma once

// The reconcilers. Each reads all it needs by name, brings the world one step nearer to what the object asks
// for, and may be ended and run again at any line.

#include "controller/context.hpp"

namespace stash::controller {

Task<kube::Action> reconcile_configuration(Context& context, kube::Ref ref);
Task<kube::Action> reconcile_session(Context& context, kube::Ref ref);
Task<kube::Action> reconcile_restore(Context& context, kube::Ref ref);
Task<kube::Action> reconcile_repository(Context& context, kube::Ref ref);
Task<kube::Action> reconcile_job(Context& context, kube::Ref ref);
Task<kube::Action> reconcile_workload(Context& context, std::string kind, kube::Ref ref);

}  // namespace stash::controller
