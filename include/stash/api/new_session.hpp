#pragma once

#include <string>

#include "stash/api/backup_configuration.hpp"

namespace stash::api {

/// A BackupSession as JSON, ready for create(): named session_name(), labelled session_labels(), owned and
/// controlled by the configuration, with `retry_left` in its spec. The first session of a chain has
/// first_retries().
std::string new_session(const BackupConfiguration& configuration, TimePoint at, std::int32_t retry_left);

/// retryConfig.maxRetry: 1 when a retryConfig is given without it, 0 without a retryConfig.
std::int32_t first_retries(const BackupConfigurationSpec& spec);

}  // namespace stash::api
