#pragma once

#include "stash/executor/services.hpp"

namespace stash::executor {

/// Deletes the data that a Repository names, for its spec.wipeOut. Reads Repository and Secret; throws
/// Error(NotFound, Invalid) that names the one that is missing or wrong, and what the store answers.
Task<void> wipe_out(Services& services, kube::Ref repository);

}  // namespace stash::executor
