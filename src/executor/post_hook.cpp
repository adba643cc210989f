#include "executor/post_hook.hpp"

#include "kube/shield.hpp"
#include "stash/base/error.hpp"
#include "stash/kube/resources.hpp"
#include "stash/net/backoff.hpp"

namespace stash::executor {
namespace {

constexpr Duration kLimit = std::chrono::hours(2);  ///< more than the handler's own limits come to
constexpr Duration kLimitOfStopped = std::chrono::minutes(5);

/// A lease is lost, mostly, because the API server does not answer; and a handler runs by its help.
Task<void> await_api_server(Services& services, kube::Ref pod) {
  net::Backoff pace(services.random, std::chrono::seconds(1), std::chrono::seconds(10));
  for (;;) {
    try {
      co_await services.client.find(kube::kPod, pod);
      co_return;
    } catch (const Error& e) {
      if (!retryable(e.kind())) throw;
    }
    co_await services.timers.sleep(pace.next());
  }
}

Task<void> run_when_possible(Services& services, kube::Ref pod, api::Handler handler, HookFacts facts) {
  co_await await_api_server(services, pod);
  co_await run_handler(services, pod, std::move(handler), std::move(facts));
}

}  // namespace

Task<std::string> run_to_the_end(Services& services, kube::Ref pod, api::Handler handler, HookFacts facts,
                                 bool stopped) {
  auto hook = stopped ? run_when_possible(services, pod, std::move(handler), std::move(facts))
                      : run_handler(services, pod, std::move(handler), std::move(facts));
  co_return co_await kube::shielded(stopped ? kLimitOfStopped : kLimit, "hook", std::move(hook));
}

}  // namespace stash::executor
