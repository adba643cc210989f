#pragma once

#include <optional>
#include <string>

#include "command/flags.hpp"
#include "stash/engine/repository.hpp"

namespace stash::command {

/// --kdf: how a new password becomes a key.
struct KdfFlag {
  std::string word = "auto";

  /// Nothing: by the looks of the password.
  std::optional<engine::Kdf> chosen() const;
};

void add_flags(Flags& flags, KdfFlag& kdf);

}  // namespace stash::command
