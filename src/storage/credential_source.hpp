#pragma once

#include "stash/net/task.hpp"
#include "stash/storage/s3_store.hpp"
#include "storage/aws_answers.hpp"

namespace stash::storage {

/// A key pair from the first source that `config.ambient` names: a role assumed by web identity, a
/// container's endpoint, a machine's metadata. A named source that fails is not passed over. `config` must
/// outlive the call. Files of tokens are read anew each time. Errors: Invalid (no source has any, or it is
/// described wrongly), Denied (the source refuses), Unavailable (retry), Corrupt (no such answer); no text
/// holds a secret.
Task<TemporaryCredentials> fetch_credentials(const S3Config& config);

}  // namespace stash::storage
