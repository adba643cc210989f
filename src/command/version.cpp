#include <fmt/format.h>

#include "command/commands.hpp"

namespace stash::command {

int version(int, char**) {
  fmt::print("stash {}\n", STASH_VERSION);
  return 0;
}

}  // namespace stash::command
