#include "command/child_stream.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "stash/base/error.hpp"

namespace stash::command {

ChildStream::ChildStream(std::vector<std::string> words) : name_(words.at(0)) {
  try {
    child_.emplace(std::move(words), own_variables());
  } catch (const Error& e) {
    throw Error(e.kind(), "start {}", e.what());
  }
}

Task<std::size_t> ChildStream::read(net::Pool& pool, std::span<std::byte> into) {
  auto work = [this, into] { return read_some(into); };
  co_return co_await net::offload(pool, std::move(work));
}

std::size_t ChildStream::read_some(std::span<std::byte> into) {
  if (!child_) return 0;
  const ssize_t got = retry_eintr([&] { return ::read(child_->output(), into.data(), into.size()); });
  if (got < 0) throw errno_error(errno, "read what " + name_ + " writes");
  if (got == 0) require_success();
  return static_cast<std::size_t>(got);
}

void ChildStream::require_success() {
  const int status = child_->wait();
  child_.reset();
  if (WIFSIGNALED(status))
    throw Error(ErrorKind::Invalid, "{} was ended by signal {}: no snapshot is made", name_,
                WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::Invalid, "{} ended with exit status {}: no snapshot is made", name_,
                WEXITSTATUS(status));
}

}  // namespace stash::command
