#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace stash::test {

/// A TCP port of 127.0.0.1 that nobody listened on a moment ago.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(fd);
  return ntohs(address.sin_port);
}

/// Path of a program of the test cluster (minio, pushgateway), of the version that test/cluster/go pins. The
/// first call on a machine builds it, which may take minutes. Throws std::runtime_error when it cannot be
/// built.
inline std::string server_program(const std::string& name) {
  const std::string command = std::string(STASH_SOURCE_DIR) + "/test/cluster/build.sh " + name;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string folder;
  for (int c = std::fgetc(pipe); c != EOF && c != '\n'; c = std::fgetc(pipe)) folder += static_cast<char>(c);
  if (::pclose(pipe) != 0) throw std::runtime_error(command + " failed");
  return folder + "/" + name;
}

}  // namespace stash::test
