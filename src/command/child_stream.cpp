#include "command/child_stream.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "stash/base/error.hpp"

extern char** environ;

namespace stash::command {
namespace {

constexpr int kEndTries = 50;
constexpr timespec kEndWait{0, 100'000'000};

}  // namespace

ChildStream::ChildStream(std::vector<std::string> words) : name_(words.at(0)) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw errno_error(errno, "make a pipe");
  output_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed = ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed == 0) return;
  ::close(output_);
  throw errno_error(failed, "start " + name_);
}

ChildStream::~ChildStream() {
  ::close(output_);
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < kEndTries; ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return;
    ::nanosleep(&kEndWait, nullptr);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Task<std::size_t> ChildStream::read(net::Pool& pool, std::span<std::byte> into) {
  auto work = [this, into] { return read_some(into); };
  co_return co_await net::offload(pool, std::move(work));
}

std::size_t ChildStream::read_some(std::span<std::byte> into) {
  for (;;) {
    const ssize_t got = ::read(output_, into.data(), into.size());
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) break;
    if (errno != EINTR) throw errno_error(errno, "read what " + name_ + " writes");
  }
  require_success();
  return 0;
}

void ChildStream::require_success() {
  if (pid_ < 0) return;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR) throw errno_error(errno, "wait for " + name_);
  pid_ = -1;
  if (WIFSIGNALED(status))
    throw Error(ErrorKind::Invalid, "{} was ended by signal {}: no snapshot is made", name_,
                WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::Invalid, "{} ended with exit status {}: no snapshot is made", name_,
                WEXITSTATUS(status));
}

}  // namespace stash::command
