#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "support/control_plane.hpp"

namespace stash::test {

/// What a command said on both its outputs, and how it ended.
struct Answer {
  int status = 0;
  std::string text;
};

inline Answer run(const std::string& command) {
  Answer answer;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    answer.text.append(buffer.data(), got);
  answer.status = ::pclose(pipe);
  return answer;
}

/// kubectl as the administrator of the shared control plane.
inline Answer kubectl(const std::string& arguments) {
  static const std::string program = [] {
    std::string bin = run(STASH_SOURCE_DIR "/test/cluster/build.sh kubernetes 2>/dev/null").text;
    bin.erase(bin.find_last_not_of('\n') + 1);
    return bin + "/kubectl --kubeconfig " + ControlPlane::shared().kubeconfig_path();
  }();
  return run(program + " " + arguments);
}

/// Applies a text under strict validation.
inline Answer apply(const std::string& yaml, const std::string& flags = "") {
  std::string path = (std::filesystem::temp_directory_path() / "stash-apply-XXXXXX").string();
  ::close(::mkstemp(path.data()));
  std::ofstream(path) << yaml;
  const Answer answer = kubectl("apply --validate=strict " + flags + " -f " + path);
  std::filesystem::remove(path);
  return answer;
}

}  // namespace stash::test
