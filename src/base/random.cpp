#include "stash/base/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "stash/base/error.hpp"

namespace stash {

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw errno_error(errno, "read random bytes");
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace stash
