#include "kube/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "stash/base/error.hpp"
#include "stash/base/fd.hpp"

namespace stash::kube {
std::string read_file(const std::string& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw errno_error(errno, "read " + path);
  std::string out;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = retry_eintr([&] { return ::read(file.get(), chunk.data(), chunk.size()); });
    if (got < 0) throw errno_error(errno, "read " + path);
    if (got == 0) return out;
    out.append(chunk.data(), static_cast<std::size_t>(got));
    if (out.size() > limit) throw Error(ErrorKind::Invalid, "read {}: larger than {} bytes", path, limit);
  }
}

std::string trimmed(std::string text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace stash::kube
