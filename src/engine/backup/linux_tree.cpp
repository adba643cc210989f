#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>

#include "engine/backup/extent_map.hpp"
#include "engine/backup/file_tree.hpp"
#include "stash/base/error.hpp"
#include "stash/base/fd.hpp"

namespace stash::engine {
namespace {

/// FS_IMMUTABLE_FL, FS_APPEND_FL and FS_NODUMP_FL, which statx reports as attributes of the same numbers.
constexpr std::uint64_t kKeptFlags = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP;

/// Of one entry, all together. XFS takes hundreds of 64 KiB, which would have to be in memory at once.
constexpr std::size_t kMaxXattrs = std::size_t{1} << 20;

TimePoint to_time(const statx_timestamp& t) { return from_timespec({t.tv_sec, t.tv_nsec}); }

EntryType to_type(std::uint16_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return EntryType::Dir;
    case S_IFLNK:
      return EntryType::Symlink;
    case S_IFCHR:
      return EntryType::CharDevice;
    case S_IFBLK:
      return EntryType::BlockDevice;
    case S_IFIFO:
      return EntryType::Fifo;
    case S_IFSOCK:
      return EntryType::Socket;
    default:
      return EntryType::File;
  }
}

FileStat stat_at(int dir, const char* name, int flags) {
  struct statx raw {};
  if (statx(dir, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME,
            &raw) != 0)
    throw errno_error(errno, "stat");
  FileStat info;
  info.type = to_type(raw.stx_mode);
  info.mode = raw.stx_mode & 07777u;
  info.uid = raw.stx_uid;
  info.gid = raw.stx_gid;
  info.size = raw.stx_size;
  info.mtime = to_time(raw.stx_mtime);
  info.ctime = to_time(raw.stx_ctime);
  info.atime = to_time(raw.stx_atime);
  if (raw.stx_mask & STATX_BTIME) info.btime = to_time(raw.stx_btime);
  info.inode = raw.stx_ino;
  info.device = makedev(raw.stx_dev_major, raw.stx_dev_minor);
  info.links = raw.stx_nlink;
  if (info.type == EntryType::CharDevice || info.type == EntryType::BlockDevice) {
    info.device_major = raw.stx_rdev_major;
    info.device_minor = raw.stx_rdev_minor;
  }
  info.inode_flags = static_cast<std::uint32_t>(raw.stx_attributes & kKeptFlags);
  info.allocated = raw.stx_blocks * 512;
  return info;
}

/// The sorted set that `list` and `get` (listxattr and getxattr of some sort) describe.
std::vector<Xattr> read_xattrs(const std::function<ssize_t(char*, std::size_t)>& list,
                               const std::function<ssize_t(const char*, char*, std::size_t)>& get) {
  // The kernel's own limits, XATTR_LIST_MAX and XATTR_SIZE_MAX, so that no second call is needed.
  thread_local std::array<char, 65536> buffer;
  const ssize_t length = list(buffer.data(), buffer.size());
  if (length < 0) {
    // ENODATA is what CIFS answers for none.
    if (errno == ENOTSUP || errno == ENOSYS || errno == ENODATA) return {};
    throw errno_error(errno, "list extended attributes");
  }
  std::vector<Xattr> found;
  std::string_view names(buffer.data(), static_cast<std::size_t>(length));
  while (!names.empty()) {
    const std::size_t end = std::min(names.find('\0'), names.size());
    found.emplace_back(std::string(names.substr(0, end)), std::string());
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  std::size_t sum = 0;
  std::erase_if(found, [&](Xattr& xattr) {
    const ssize_t got = get(xattr.name.c_str(), buffer.data(), buffer.size());
    if (got < 0 && errno != ENODATA && errno != ENOTSUP)
      throw errno_error(errno, "read extended attribute " + xattr.name);
    if (got >= 0) xattr.value.assign(buffer.data(), static_cast<std::size_t>(got));
    sum += xattr.value.size();
    if (sum > kMaxXattrs)
      throw Error(ErrorKind::Unsupported, "its extended attributes are larger than {} KiB", kMaxXattrs >> 10);
    return got < 0;  // removed meanwhile, or listed but not for us to see
  });
  std::ranges::sort(found);
  return found;
}

std::vector<Xattr> fd_xattrs(int fd) {
  return read_xattrs(
      [fd](char* to, std::size_t size) { return flistxattr(fd, to, size); },
      [fd](const char* name, char* to, std::size_t size) { return fgetxattr(fd, name, to, size); });
}

/// O_NOATIME is for owners only: others read without it.
int open_quietly(int dir, const char* name, int flags) {
  flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY;
  const int fd = retry_eintr([&] { return openat(dir, name, flags | O_NOATIME); });
  return fd >= 0 || errno != EPERM ? fd : retry_eintr([&] { return openat(dir, name, flags); });
}

class LinuxFile final : public SourceFile {
 public:
  explicit LinuxFile(Fd fd) : fd_(std::move(fd)), opened_(LinuxFile::stat()) {}

  FileStat opened() override { return opened_; }
  FileStat stat() override { return stat_at(fd_.get(), "", AT_EMPTY_PATH); }

  std::size_t read(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = retry_eintr([&] {
        return pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      });
      if (got < 0) throw errno_error(errno, "read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  std::vector<Extent> extents(std::uint64_t size) override {
    ExtentMap found;
    for (std::uint64_t at = 0; at < size;) {
      const off_t data = lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
      if (data < 0 && errno == ENXIO) break;
      if (data < 0) return {Extent{0, size}};  // cannot tell: all of it
      if (static_cast<std::uint64_t>(data) >= size) break;
      const off_t hole = lseek(fd_.get(), data, SEEK_HOLE);
      if (hole <= data) return {Extent{0, size}};
      const auto begin = static_cast<std::uint64_t>(data);
      const auto end = std::min(static_cast<std::uint64_t>(hole), size);
      found.add({begin, end - begin});
      at = end;
    }
    return std::move(found).finish();
  }

  std::vector<Xattr> xattrs() override { return fd_xattrs(fd_.get()); }

 private:
  Fd fd_;
  const FileStat opened_;
};

class LinuxDir final : public SourceDir {
 public:
  explicit LinuxDir(Fd fd) : fd_(std::move(fd)) {}

  FileStat stat() override { return stat_at(fd_.get(), "", AT_EMPTY_PATH); }
  std::vector<Xattr> xattrs() override { return fd_xattrs(fd_.get()); }

  NameList names() override {
    NameList list;
    alignas(dirent64) thread_local std::array<char, 65536> buffer;
    if (lseek(fd_.get(), 0, SEEK_SET) < 0) throw errno_error(errno, "rewind directory");
    for (;;) {
      const long length = syscall(SYS_getdents64, fd_.get(), buffer.data(), buffer.size());
      if (length < 0) throw errno_error(errno, "list directory");
      if (length == 0) return list;
      for (long at = 0; at < length;) {
        const auto* item = reinterpret_cast<const dirent64*>(buffer.data() + at);
        const std::string_view name(item->d_name);
        if (name != "." && name != "..") list.add(name);
        at += item->d_reclen;
      }
    }
  }

  FileStat stat(const std::string& name) override { return stat_at(fd_.get(), name.c_str(), 0); }

  std::unique_ptr<SourceDir> open_dir(const std::string& name) override {
    Fd fd(open_quietly(fd_.get(), name.c_str(), O_DIRECTORY | O_NOFOLLOW));
    if (!fd) throw errno_error(errno, "open directory");
    return std::make_unique<LinuxDir>(std::move(fd));
  }

  std::unique_ptr<SourceFile> open_file(const std::string& name) override {
    Fd fd(open_quietly(fd_.get(), name.c_str(), O_NOFOLLOW | O_NONBLOCK));
    if (!fd && errno == ELOOP) throw Error(ErrorKind::NotFound, "replaced by a symbolic link");
    if (!fd) throw errno_error(errno, "open");
    auto file = std::make_unique<LinuxFile>(std::move(fd));
    if (file->opened().type != EntryType::File) throw Error(ErrorKind::NotFound, "no longer a regular file");
    return file;
  }

  std::string link_target(const std::string& name) override {
    std::array<char, 4097> target{};
    const ssize_t length = readlinkat(fd_.get(), name.c_str(), target.data(), target.size());
    if (length < 0) throw errno_error(errno, "read symbolic link");
    return {target.data(), static_cast<std::size_t>(length)};
  }

  std::vector<Xattr> xattrs(const std::string& name) override {
    const std::string path = fmt::format("/proc/self/fd/{}/{}", fd_.get(), name);
    try {
      return read_xattrs([&](char* to, std::size_t size) { return llistxattr(path.c_str(), to, size); },
                         [&](const char* attribute, char* to, std::size_t size) {
                           return lgetxattr(path.c_str(), attribute, to, size);
                         });
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::NotFound) throw;
    }
    stat(name);  // throws NotFound if it went away indeed
    throw Error(ErrorKind::Unsupported, "extended attributes cannot be listed without /proc");
  }

 private:
  Fd fd_;
};

}  // namespace

std::unique_ptr<SourceDir> LinuxTree::open(const std::string& path) {
  Fd fd(open_quietly(AT_FDCWD, path.c_str(), O_DIRECTORY));
  // Whoever may not list a directory may still reach what is in it.
  if (!fd && errno == EACCES)
    fd = Fd(retry_eintr([&] { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) throw errno_error(errno, "open directory " + path);
  return std::make_unique<LinuxDir>(std::move(fd));
}

void NameList::add(std::string_view name) {
  pieces_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size())});
  text_ += name;
}

std::string_view NameList::operator[](std::size_t i) const {
  return std::string_view(text_).substr(pieces_[i].begin, pieces_[i].length);
}

void NameList::sort() {
  const auto name = [this](const Piece& piece) {
    return std::string_view(text_).substr(piece.begin, piece.length);
  };
  std::ranges::sort(pieces_, {}, name);
  pieces_.erase(std::ranges::unique(pieces_, {}, name).begin(), pieces_.end());
}

}  // namespace stash::engine
