#include "command/child_stream.hpp"

#include <sys/wait.h>

#include "command/stream_read.hpp"
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
  if (!child_) co_return 0;
  auto reading = read_when_ready(pool, child_->output(), into, "read what " + name_ + " writes");
  const std::size_t got = co_await std::move(reading);
  if (got > 0) co_return got;
  // One that closed its output may run on: cancellation is seen between two of these.
  std::optional<int> status;
  while (!status) {
    auto work = [this] { return child_->wait(); };
    status = co_await net::offload(pool, std::move(work));
  }
  child_.reset();
  require_success(*status);
  co_return 0;
}

void ChildStream::require_success(int status) const {
  if (WIFSIGNALED(status))
    throw Error(ErrorKind::Invalid, "{} was ended by signal {}: no snapshot is made", name_,
                WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::Invalid, "{} ended with exit status {}: no snapshot is made", name_,
                WEXITSTATUS(status));
}

}  // namespace stash::command
