#include "command/kdf_flag.hpp"

namespace stash::command {

std::optional<engine::Kdf> KdfFlag::chosen() const {
  if (word == "raw") return engine::Kdf::Raw;
  if (word == "scrypt") return engine::Kdf::Scrypt;
  return std::nullopt;
}

void add_flags(Flags& flags, KdfFlag& kdf) {
  flags.choice("--kdf", kdf.word, {"auto", "raw", "scrypt"},
               "How the password becomes a key: scrypt for one that a person chose, raw for a secret of at "
               "least 256 bits; auto, when not given: raw for 64 or more hexadecimal digits, or 43 or more "
               "characters of base64 with upper case, lower case and digits, else scrypt");
}

}  // namespace stash::command
