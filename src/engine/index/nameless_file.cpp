#include "engine/index/nameless_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "engine/index/index_file.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;

}  // namespace

NamelessFile::NamelessFile(const std::string& directory)
    : fd_(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  if (!fd_) throw IndexFileError("make a nameless file");
  buffer_.reserve(kBuffer);
}

void NamelessFile::append(ByteView bytes) {
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() < kBuffer) {
    stash::append(buffer_, bytes);
    return;
  }
  overwrite(written_, bytes);
  written_ += bytes.size();
}

void NamelessFile::flush() {
  overwrite(written_, buffer_);
  written_ += buffer_.size();
  buffer_.clear();
}

void NamelessFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const auto got =
        retry_eintr([&] { return ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
    if (got == 0) errno = EIO;
    if (got <= 0) throw IndexFileError("read a nameless file");
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

void NamelessFile::overwrite(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const auto wrote = retry_eintr(
        [&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (wrote < 0) throw IndexFileError("write a nameless file");
    offset += static_cast<std::uint64_t>(wrote);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
}

void NamelessFile::publish(const std::string& path) const {
  const std::string self = fmt::format("/proc/self/fd/{}", fd_.get());
  const std::string fresh = path + ".new";
  const auto link = [&] {
    return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, fresh.c_str(), AT_SYMLINK_FOLLOW);
  };
  int linked = link();
  if (linked != 0 && errno == EEXIST) {
    // Of a process that died here, or of one that is here just now: then either file is good to have.
    ::unlink(fresh.c_str());
    linked = link();
  }
  if (linked != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) throw IndexFileError("name the index file");
}

}  // namespace stash::engine
