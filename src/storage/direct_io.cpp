#include "storage/direct_io.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stash/base/page_buffer.hpp"

namespace stash::storage {
namespace {

/// What is read at once: small enough to be still in the core's own cache when it is copied to its place.
constexpr std::size_t kPiece = std::size_t{256} << 10;

/// cachestat(2), Linux 6.5: the same number on every architecture, and not in the headers of older systems.
constexpr long kCachestat = 451;

/// False where the file system has no such mode.
bool set_direct(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

std::uint64_t page_floor(std::uint64_t n) { return n & ~std::uint64_t{kPageSize - 1}; }

}  // namespace

std::uint64_t write_direct(int fd, ByteView bytes, const std::string& path) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % kPageSize == 0;
  if (!aligned || bytes.size() < kDirectBytes || !set_direct(fd, true)) return 0;
  const std::uint64_t end = page_floor(bytes.size());
  std::uint64_t done = 0;
  int code = 0;
  while (done < end) {
    const ssize_t wrote = ::pwrite(fd, bytes.data() + done, end - done, static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) code = errno;
    // After less than a page such a write cannot go on.
    if (wrote < static_cast<ssize_t>(kPageSize)) break;
    done = page_floor(done + static_cast<std::uint64_t>(wrote));
  }
  if (!set_direct(fd, false)) code = errno;
  if (code != 0 && code != EINVAL) throw errno_error(code, "write " + path);
  return done;
}

std::size_t read_cached(int fd, std::uint64_t offset, std::span<std::byte> out, const std::string& path) {
  const ssize_t got =
      retry_eintr([&] { return ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset)); });
  if (got < 0) throw errno_error(errno, "read " + path);
  return static_cast<std::size_t>(got);
}

// Not by an attempt with RWF_NOWAIT: that begins to fill the cache when it finds nothing.
bool is_cached(int fd, std::uint64_t offset, std::uint64_t length) {
  struct {
    std::uint64_t offset;
    std::uint64_t length;
  } const range{offset, length};
  struct {
    std::uint64_t cached;
    std::uint64_t dirty;
    std::uint64_t writeback;
    std::uint64_t evicted;
    std::uint64_t recently_evicted;
  } pages{};
  if (::syscall(kCachestat, fd, &range, &pages, 0) != 0) return false;
  return pages.cached >= length / kPageSize;
}

bool DirectReader::open() {
  if (!direct_ && !refused_) {
    direct_ = Fd(::open(path_.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
    refused_ = !direct_;
  }
  return !refused_;
}

std::size_t DirectReader::read(std::uint64_t offset, std::span<std::byte> out) {
  if (!open()) return read_cached(fd_, offset, out, path_);
  thread_local PageBuffer buffer(kPiece);
  const std::uint64_t begin = page_floor(offset);
  const auto before = static_cast<std::size_t>(offset - begin);
  // A whole number of pages, so that only the end of the file gives less.
  const std::size_t want = std::min<std::size_t>(kPiece, page_floor(before + out.size() + kPageSize - 1));
  const ssize_t got = ::pread(direct_.get(), buffer.data(), want, static_cast<off_t>(begin));
  if (got < 0 && errno != EINTR && errno != EINVAL) throw errno_error(errno, "read " + path_);
  if (got < 0) {
    refused_ = refused_ || errno == EINVAL;
    return read_cached(fd_, offset, out, path_);
  }
  if (static_cast<std::size_t>(got) <= before) return 0;
  const std::size_t size = std::min(out.size(), static_cast<std::size_t>(got) - before);
  std::memcpy(out.data(), buffer.data() + before, size);
  return size;
}

}  // namespace stash::storage
