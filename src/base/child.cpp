#include "stash/base/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "stash/base/error.hpp"

extern char** environ;

namespace stash {
namespace {

constexpr int kEndTries = 40;
constexpr int kFirstWait = 1;  ///< milliseconds; each is twice the one before
constexpr int kLastWait = 64;

void sleep_for(int milliseconds) {
  const timespec time{0, milliseconds * 1'000'000L};
  ::nanosleep(&time, nullptr);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Child::Child(std::vector<std::string> words, std::vector<std::string> variables) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw errno_error(errno, words.at(0));
  output_ = Fd(ends[0]);
  const Fd input(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  const int failed = ::posix_spawnp(&pid_, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                                    pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw errno_error(failed, words[0]);
}

Child::~Child() {
  output_ = Fd();  // what it still prints ends it, too
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < kEndTries; ++i)
    if (wait()) return;
  ::kill(pid_, SIGKILL);
  take_status(0);
}

std::optional<int> Child::wait() {
  for (int pause = kFirstWait; pause <= kLastWait; pause *= 2) {
    if (const auto status = take_status(WNOHANG)) return status;
    sleep_for(pause);
  }
  return take_status(WNOHANG);
}

std::optional<int> Child::take_status(int options) {
  int status = 0;
  if (retry_eintr([&] { return ::waitpid(pid_, &status, options); }) != pid_) return std::nullopt;
  pid_ = -1;
  return status;
}

std::vector<std::string> own_variables() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry; ++entry) out.emplace_back(*entry);
  return out;
}

}  // namespace stash
