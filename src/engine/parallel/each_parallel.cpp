#include "engine/parallel/each_parallel.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace stash::engine {
namespace {

Task<void> work(std::size_t& next, std::size_t count, const std::function<Task<void>(std::size_t)>& visit) {
  while (next < count) {
    const std::size_t mine = next++;
    co_await visit(mine);
  }
}

}  // namespace

Task<void> each_parallel(std::size_t count, std::size_t width, std::function<Task<void>(std::size_t)> visit) {
  net::TaskGroup group;
  std::size_t next = 0;
  for (std::size_t i = 0; i < std::min(width, count); ++i) co_await group.spawn(work(next, count, visit));
  co_await group.join();
}

}  // namespace stash::engine
