#include "engine/restore/target_dir.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <array>
#include <filesystem>

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr int kDirFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
/// For directories that are only passed through: whoever may not list them may still reach what is in them.
constexpr int kWayFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

/// openat2 with symlinks resolved inside `root`. -1 with ENOSYS where the kernel or its filter does not let
/// us.
int open_in_root(int root, const std::string& path) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(kWayFlags);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0; tries < 8; ++tries) {  // EAGAIN: somebody renamed directories on the way
    const auto fd = static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return fd;
  }
  return -1;
}

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// A file without a name needs /proc to get one.
bool can_link_open_files() {
  static const bool can = access("/proc/self/fd", X_OK) == 0;
  return can;
}

[[noreturn]] void refuse_in_the_way(int code) {
  if (code == ENOTEMPTY || code == EEXIST)
    throw Error(ErrorKind::Conflict, "a directory that is not empty is in the way");
  throw errno_error(code, "remove the directory in the way");
}

}  // namespace

void write_at(int fd, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done =
        retry_eintr([&] { return pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (done < 0) throw errno_error(errno, "write");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void require_written(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw errno_error(errno, "copy a file descriptor");
  if (::close(copy) != 0 && errno != EINTR) throw errno_error(errno, "write");
}

std::shared_ptr<TargetDir> TargetDir::open_target(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  Fd fd(retry_eintr([&] { return open(path.c_str(), kDirFlags); }));
  if (!fd) throw errno_error(failure ? failure.value() : errno, "open restore target " + path);
  return std::make_shared<TargetDir>(std::move(fd));
}

std::shared_ptr<TargetDir> TargetDir::find_target(const std::string& path) {
  Fd fd(retry_eintr([&] { return open(path.c_str(), kDirFlags); }));
  if (fd) return std::make_shared<TargetDir>(std::move(fd));
  if (errno == ENOENT) return nullptr;
  throw errno_error(errno, "open restore target " + path);
}

std::optional<struct stat> TargetDir::look(const std::string& name) const {
  struct stat info {};
  if (fstatat(fd_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return info;
  if (errno == ENOENT) return std::nullopt;
  throw errno_error(errno, "stat");
}

std::shared_ptr<TargetDir> TargetDir::walk_to(const std::string& path) {
  std::shared_ptr<TargetDir> here = shared_from_this();
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, end - at);
    at = end + 1;
    Fd next(open_in_root(fd_.get(), path.substr(1, end - 1)));
    if (!next && (errno == ENOENT || errno == ENOSYS || errno == EPERM)) {
      if (mkdirat(here->fd(), name.c_str(), 0755) != 0 && errno != EEXIST)
        throw errno_error(errno, "make directory " + path.substr(0, end));
      next = Fd(retry_eintr([&] { return openat(here->fd(), name.c_str(), kWayFlags | O_NOFOLLOW); }));
    }
    if (!next) throw errno_error(errno, "open directory " + path.substr(0, end));
    here = std::make_shared<TargetDir>(std::move(next));
  }
  return here;
}

std::shared_ptr<TargetDir> TargetDir::find_way(const std::string& path) {
  std::shared_ptr<TargetDir> here = shared_from_this();
  for (std::size_t at = 1; here && at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, end - at);
    at = end + 1;
    Fd next(open_in_root(fd_.get(), path.substr(1, end - 1)));
    if (!next && (errno == ENOSYS || errno == EPERM))
      next = Fd(retry_eintr([&] { return openat(here->fd(), name.c_str(), kWayFlags | O_NOFOLLOW); }));
    if (!next && errno != ENOENT) throw errno_error(errno, "open directory " + path.substr(0, end));
    here = next ? std::make_shared<TargetDir>(std::move(next)) : nullptr;
  }
  return here;
}

std::shared_ptr<TargetDir> TargetDir::find(const std::string& name) const {
  Fd fd(retry_eintr([&] { return openat(fd_.get(), name.c_str(), kDirFlags | O_NOFOLLOW); }));
  if (fd) return std::make_shared<TargetDir>(std::move(fd));
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return nullptr;
  throw errno_error(errno, "open directory");
}

TargetDir::Entered TargetDir::enter(const std::string& name, bool keep_links) {
  Entered result;
  for (int tries = 0; tries < 3; ++tries) {
    Fd fd(retry_eintr([&] { return openat(fd_.get(), name.c_str(), kDirFlags | O_NOFOLLOW); }));
    if (fd) {
      result.dir = std::make_shared<TargetDir>(std::move(fd));
      return result;
    }
    if (errno == ENOENT) {
      if (mkdirat(fd_.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
        throw errno_error(errno, "make directory");
      result.made = true;
    } else if (errno == ENOTDIR || errno == ELOOP) {
      const auto info = look(name);
      if (keep_links && info && S_ISLNK(info->st_mode))
        throw Error(ErrorKind::Conflict,
                    "is a symbolic link where the directory should be; restore to a directory of its own");
      if (unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
        throw errno_error(errno, "remove what is in the way");
    } else {
      throw errno_error(errno, "open directory");
    }
  }
  throw Error(ErrorKind::Conflict, "somebody else keeps changing what is there");
}

TargetFile TargetDir::create_file(TemporaryNames& names) {
  if (can_link_open_files()) {
    Fd fd(retry_eintr([&] { return openat(fd_.get(), ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600); }));
    if (fd) return {shared_from_this(), std::move(fd), ""};
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
      throw errno_error(errno, "create file");
  }
  const std::string temporary = names.next();
  Fd fd(retry_eintr([&] {
    return openat(fd_.get(), temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  }));
  if (!fd) throw errno_error(errno, "create file");
  return {shared_from_this(), std::move(fd), temporary};
}

TargetFile TargetDir::create_named(const std::string& name, TemporaryNames& names) {
  Fd fd(retry_eintr([&] {
    return openat(fd_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  }));
  if (fd) return {shared_from_this(), std::move(fd), name};
  if (errno != EEXIST) throw errno_error(errno, "create file");
  return create_file(names);
}

Fd TargetDir::open_existing(const std::string& name) const { return open_file(name, O_RDONLY); }

Fd TargetDir::open_to_write(const std::string& name) const { return open_file(name, O_RDWR); }

Fd TargetDir::open_file(const std::string& name, int access) const {
  Fd fd(retry_eintr([&] {
    return openat(fd_.get(), name.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }));
  if (!fd) throw errno_error(errno, "open");
  return fd;
}

std::string TargetDir::link_target(const std::string& name) const {
  std::array<char, 4097> target{};
  const ssize_t length = readlinkat(fd_.get(), name.c_str(), target.data(), target.size());
  if (length < 0) throw errno_error(errno, "read symbolic link");
  return {target.data(), static_cast<std::size_t>(length)};
}

void TargetDir::place(const std::string& name, TemporaryNames& names,
                      const std::function<int(int, const char*)>& make) {
  if (make(fd_.get(), name.c_str()) == 0) return;
  if (errno != EEXIST) throw errno_error(errno, "create");
  const std::string temporary = names.next();
  if (make(fd_.get(), temporary.c_str()) != 0) throw errno_error(errno, "create");
  replace(temporary, name);
}

void TargetDir::replace(const std::string& temporary, const std::string& name) {
  if (renameat(fd_.get(), temporary.c_str(), fd_.get(), name.c_str()) == 0) return;
  int code = errno;
  if (code == EISDIR || code == ENOTEMPTY || code == EEXIST) {
    if (unlinkat(fd_.get(), name.c_str(), AT_REMOVEDIR) == 0 &&
        renameat(fd_.get(), temporary.c_str(), fd_.get(), name.c_str()) == 0)
      return;
    code = errno;
  }
  unlinkat(fd_.get(), temporary.c_str(), 0);
  refuse_in_the_way(code);
}

TargetFile::~TargetFile() {
  if (dir_ && !temporary_.empty()) unlinkat(dir_->fd(), temporary_.c_str(), 0);
}

Fd TargetFile::open_direct() const {
  return Fd(retry_eintr([&] { return open(proc_path(fd()).c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC); }));
}

void TargetFile::publish(const std::string& name, TemporaryNames& names) {
  if (temporary_ == name) {
    temporary_.clear();
  } else if (temporary_.empty()) {
    const std::string source = proc_path(fd());
    dir_->place(name, names, [&](int dir, const char* as) {
      return linkat(AT_FDCWD, source.c_str(), dir, as, AT_SYMLINK_FOLLOW);
    });
  } else {
    const std::string temporary = std::exchange(temporary_, "");
    dir_->replace(temporary, name);
  }
}

}  // namespace stash::engine
