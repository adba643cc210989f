#pragma once

#include <string>

#include "executor/hooks.hpp"

namespace stash::executor {

/// Runs a handler to its end even in a coroutine that was told to stop: what a hook before it has frozen is
/// thawed. Answers what it failed with, "" when all went well. `stopped`: the work was cut off, so the
/// handler first waits until the API server answers, and all together may take five minutes. A coroutine that
/// was told to stop can await this only after this_coro::throw_if_cancelled(false).
Task<std::string> run_to_the_end(Services& services, kube::Ref pod, api::Handler handler, HookFacts facts,
                                 bool stopped);

}  // namespace stash::executor
