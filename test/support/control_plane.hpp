#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "stash/kube/config.hpp"

extern char** environ;

namespace stash::test {

/// A real etcd, kube-apiserver and kube-controller-manager on loopback, of test/cluster/controlplane.sh; one
/// for all tests of a program, gone with it.
class ControlPlane {
 public:
  /// Started at the first call; building the programs may take minutes then, if nobody has before.
  static ControlPlane& shared() {
    static ControlPlane plane;
    return plane;
  }

  kube::Config config() const {
    kube::ConfigOptions options;
    options.kubeconfig = kubeconfig_;
    return kube::load_config(options);
  }
  const std::string& kubeconfig_path() const { return kubeconfig_; }

  /// Ends the API server and starts it again; returns when the new process was started, not when it answers.
  void restart_api_server() {
    const std::string order = "restart\n";
    if (::write(input_, order.data(), order.size()) != static_cast<ssize_t>(order.size()) ||
        read_line(60'000) != "restarted")
      throw std::runtime_error("control plane: the API server did not restart");
  }

  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

 private:
  ControlPlane() {
    std::string folder = (std::filesystem::temp_directory_path() / "stash-plane-XXXXXX").string();
    if (!::mkdtemp(folder.data())) throw std::runtime_error("control plane: no temporary folder");
    folder_ = folder;
    start();
    const std::string line = read_line(1'200'000);
    const std::string ready = "ready ";
    if (!line.starts_with(ready)) throw std::runtime_error("control plane: it did not start: " + line);
    kubeconfig_ = line.substr(ready.size());
  }

  ~ControlPlane() {
    ::close(input_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ::close(output_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void start() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("control plane: no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::string script = STASH_SOURCE_DIR "/test/cluster/controlplane.sh";
    std::array<char*, 3> words{script.data(), folder_.data(), nullptr};
    const int failed = ::posix_spawn(&pid_, script.c_str(), &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
    if (failed != 0) throw std::runtime_error("control plane: cannot run " + script);
  }

  std::string read_line(int limit_ms) {
    std::string line;
    for (char c = 0;;) {
      pollfd wanted{output_, POLLIN, 0};
      if (::poll(&wanted, 1, limit_ms) <= 0 || ::read(output_, &c, 1) != 1) return line;
      if (c == '\n') return line;
      line += c;
    }
  }

  std::string folder_;
  std::string kubeconfig_;
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

}  // namespace stash::test
