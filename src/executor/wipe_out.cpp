#include "stash/executor/wipe_out.hpp"

#include "executor/backend.hpp"
#include "stash/base/log.hpp"
#include "stash/engine/remove.hpp"

namespace stash::executor {

Task<void> wipe_out(Services& services, kube::Ref repository) {
  const auto backend = co_await OpenBackend::load(services, repository);
  const std::uint64_t removed = co_await engine::remove_repository(backend->store());
  log::info("backed-up data deleted",
            {{"repository", repository.str()}, {"store", backend->store().describe()}, {"objects", removed}});
}

}  // namespace stash::executor
