#include "storage/local_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "stash/base/fd.hpp"
#include "stash/base/random.hpp"
#include "storage/direct_io.hpp"

namespace stash::storage {
namespace {

std::uint64_t total(const std::vector<ByteView>& parts) {
  std::uint64_t sum = 0;
  for (const ByteView part : parts) sum += part.size();
  return sum;
}

/// Writes what is left of the parts after their first `done` bytes.
void write_rest(int fd, const std::vector<ByteView>& parts, std::uint64_t done, const std::string& path) {
  std::vector<iovec> pieces;
  for (ByteView part : parts) {
    const std::size_t skipped = std::min<std::uint64_t>(done, part.size());
    done -= skipped;
    part = part.subspan(skipped);
    if (!part.empty()) pieces.push_back({const_cast<std::byte*>(part.data()), part.size()});
  }
  std::size_t first = 0;
  while (first < pieces.size()) {
    const auto count = static_cast<int>(std::min<std::size_t>(pieces.size() - first, IOV_MAX));
    const ssize_t wrote = retry_eintr([&] { return ::writev(fd, &pieces[first], count); });
    if (wrote < 0) throw errno_error(errno, "write " + path);
    auto left = static_cast<std::size_t>(wrote);
    while (left > 0 && left >= pieces[first].iov_len) left -= pieces[first++].iov_len;
    if (left > 0) {
      pieces[first].iov_base = static_cast<std::byte*>(pieces[first].iov_base) + left;
      pieces[first].iov_len -= left;
    }
  }
}

void fill(int fd, const std::vector<ByteView>& parts, const std::string& path) {
  const std::uint64_t size = total(parts);
  const bool large = size >= kDirectBytes;
  if (large) {
    const int code = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
    if (code == ENOSPC || code == EDQUOT || code == EFBIG) throw errno_error(code, "write " + path);
  }
  const std::uint64_t direct = large && parts.size() == 1 ? write_direct(fd, parts[0], path) : 0;
  if (::lseek(fd, static_cast<off_t>(direct), SEEK_SET) < 0) throw errno_error(errno, "write " + path);
  write_rest(fd, parts, direct, path);
  if (::fdatasync(fd) != 0) throw errno_error(errno, "write " + path);
  // What went through the page cache leaves it: it will not be read soon.
  if (large && direct == 0) ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

[[noreturn]] void fail_link(int code, const std::string& path) {
  if (code == EEXIST) throw Error(ErrorKind::Conflict, "{} exists already", path);
  throw errno_error(code, "write " + path);
}

/// For file systems without nameless files, and where /proc is missing.
void write_by_name(const std::string& dir, const std::string& path, const std::vector<ByteView>& parts) {
  SystemRandom random;
  const std::string temporary = fmt::format("{}/.tmp-{:016x}", dir, random.number());
  const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) throw errno_error(errno, "create " + temporary);
  try {
    fill(fd.get(), parts, path);
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return;
    if (errno != EINVAL && errno != ENOSYS) fail_link(errno, path);
    if (::link(temporary.c_str(), path.c_str()) != 0) fail_link(errno, path);
  } catch (const Error&) {
    ::unlink(temporary.c_str());
    throw;
  }
  ::unlink(temporary.c_str());
}

}  // namespace

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

std::vector<std::string> make_dirs(const std::string& dir) {
  const std::string parent = parent_of(dir);
  if (::mkdir(dir.c_str(), 0700) == 0) return {parent};
  if (errno == EEXIST) return {};
  if (errno != ENOENT || parent == "." || parent == "/") throw errno_error(errno, "create directory " + dir);
  std::vector<std::string> changed = make_dirs(parent);
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) throw errno_error(errno, "create directory " + dir);
  changed.push_back(parent);
  return changed;
}

void write_new_file(const std::string& dir, const std::string& path, const std::vector<ByteView>& parts) {
  const Fd fd(::open(dir.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd) {
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)
      return write_by_name(dir, path, parts);
    throw errno_error(errno, "create a file in " + dir);
  }
  fill(fd.get(), parts, path);
  const std::string self = fmt::format("/proc/self/fd/{}", fd.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return;
  if (errno == ENOENT || errno == EXDEV) return write_by_name(dir, path, parts);  // no /proc here
  fail_link(errno, path);
}

Bytes read_file(const std::string& path, Range range) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw errno_error(errno, "open " + path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) throw errno_error(errno, "stat " + path);
  if (!S_ISREG(info.st_mode)) throw Error(ErrorKind::Invalid, "{} is not a regular file", path);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t begin =
      range.from_end ? size - std::min(range.length, size) : std::min(range.offset, size);
  Bytes out(std::min(range.length, size - begin));
  DirectReader direct(fd.get(), path);
  const bool past_cache = out.size() >= kDirectBytes && !is_cached(fd.get(), begin, out.size());
  for (std::size_t done = 0; done < out.size();) {
    const std::span<std::byte> rest = std::span(out).subspan(done);
    const std::size_t got =
        past_cache ? direct.read(begin + done, rest) : read_cached(fd.get(), begin + done, rest, path);
    if (got == 0)
      throw Error(ErrorKind::Corrupt, "read {}: it ends after {} of {} bytes", path, begin + done, size);
    done += got;
  }
  return out;
}

std::optional<std::uint64_t> file_size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0)
    return S_ISREG(info.st_mode) ? std::optional(static_cast<std::uint64_t>(info.st_size)) : std::nullopt;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw errno_error(errno, "stat " + path);
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
    throw errno_error(errno, "remove " + path);
}

void sync_dir(const std::string& dir) {
  const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw errno_error(errno, "open " + dir);
  if (::fsync(fd.get()) != 0 && errno != EINVAL) throw errno_error(errno, "sync " + dir);
}

}  // namespace stash::storage
