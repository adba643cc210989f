#include "command/stream_read.hpp"

#include <poll.h>
#include <unistd.h>

#include <optional>

#include "stash/base/error.hpp"
#include "stash/base/fd.hpp"

namespace stash::command {
namespace {

constexpr int kWait = 100;  ///< milliseconds that a cancelled reader may still stay

/// Nothing when there is nothing to read yet.
std::optional<std::size_t> read_if_ready(int fd, std::span<std::byte> into, const std::string& what) {
  pollfd watched{fd, POLLIN, 0};
  const int ready = retry_eintr([&] { return ::poll(&watched, 1, kWait); });
  if (ready < 0) throw errno_error(errno, what);
  if (ready == 0) return std::nullopt;
  const ssize_t got = retry_eintr([&] { return ::read(fd, into.data(), into.size()); });
  if (got < 0) throw errno_error(errno, what);
  return static_cast<std::size_t>(got);
}

}  // namespace

// What is offloaded runs to its end: cancellation is seen between two of these.
Task<std::size_t> read_when_ready(net::Pool& pool, int fd, std::span<std::byte> into, std::string what) {
  std::optional<std::size_t> got;
  while (!got) {
    auto work = [fd, into, &what] { return read_if_ready(fd, into, what); };
    got = co_await net::offload(pool, std::move(work));
  }
  co_return *got;
}

}  // namespace stash::command
