#include "engine/restore/metadata_setter.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace stash::engine {
namespace {

timespec to_timespec(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timespec result{};
  result.tv_sec = static_cast<time_t>(seconds.time_since_epoch().count());
  result.tv_nsec = static_cast<long>((time - seconds).count());
  return result;
}

/// Names whose absence in a snapshot means that they must not be there: a new file inherits ACLs from its
/// directory, and one that was there before keeps what users gave it. Labels that the system itself gives are
/// left alone.
bool is_ours_to_remove(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("system.posix_acl_");
}

/// system.posix_acl_access, system.nfs4_acl ...
bool is_acl(std::string_view name) { return name.starts_with("system."); }

/// For one xattr or a list of names: the most that the system gives.
std::array<char, 65536>& scratch() {
  thread_local std::array<char, 65536> buffer;
  return buffer;
}

bool has_flags(const TargetDir& dir, const std::string& name, const Entry& entry) {
  if (entry.inode_flags == 0) return true;
  const Fd file = dir.open_existing(name);
  int flags = 0;
  const auto wanted = static_cast<int>(entry.inode_flags);
  return ioctl(file.get(), FS_IOC_GETFLAGS, &flags) == 0 && (flags & wanted) == wanted;
}

}  // namespace

/// The same calls for an open object and for a name.
struct MetadataSetter::Handle {
  int fd;            ///< of the object, or of its directory
  const char* name;  ///< null: fd is the object itself
  std::string path;  ///< for xattr calls on a name

  int stat(struct stat& info) const {
    return name ? fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) : fstat(fd, &info);
  }
  int own(uid_t uid, gid_t gid) const {
    return name ? fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) : fchown(fd, uid, gid);
  }
  int mode(mode_t mode) const {
    return name ? fchmodat(fd, name, mode, AT_SYMLINK_NOFOLLOW) : fchmod(fd, mode);
  }
  int times(const timespec* times) const {
    return name ? utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) : futimens(fd, times);
  }
  ssize_t list(char* to, std::size_t size) const {
    return name ? llistxattr(path.c_str(), to, size) : flistxattr(fd, to, size);
  }
  ssize_t get(const char* xattr, char* to, std::size_t size) const {
    return name ? lgetxattr(path.c_str(), xattr, to, size) : fgetxattr(fd, xattr, to, size);
  }
  int put(const Xattr& x) const {
    return name ? lsetxattr(path.c_str(), x.name.c_str(), x.value.data(), x.value.size(), 0)
                : fsetxattr(fd, x.name.c_str(), x.value.data(), x.value.size(), 0);
  }
  int remove(const char* xattr) const {
    return name ? lremovexattr(path.c_str(), xattr) : fremovexattr(fd, xattr);
  }

  bool has(const Xattr& xattr) const {
    std::array<char, 65536>& buffer = scratch();
    const ssize_t got = get(xattr.name.c_str(), buffer.data(), buffer.size());
    return got >= 0 && std::string_view(buffer.data(), static_cast<std::size_t>(got)) == xattr.value;
  }
  /// Names that are there and should not be; `wanted` is sorted.
  std::vector<std::string> superfluous(const std::vector<Xattr>& wanted) const {
    std::array<char, 65536>& buffer = scratch();
    const ssize_t length = list(buffer.data(), buffer.size());
    const std::string names(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(0, length)));
    std::vector<std::string> found;
    for (std::size_t at = 0; at < names.size();) {
      std::string one = names.c_str() + at;
      at += one.size() + 1;
      if (is_ours_to_remove(one) && !std::ranges::binary_search(wanted, one, {}, &Xattr::name))
        found.push_back(std::move(one));
    }
    return found;
  }
};

MetadataSetter::Handle MetadataSetter::handle_of(const TargetDir& dir, const std::string& name) {
  return {dir.fd(), name.c_str(), "/proc/self/fd/" + std::to_string(dir.fd()) + "/" + name};
}

bool MetadataSetter::is_set(const TargetDir& dir, const std::string& name, const struct stat& info,
                            const Entry& entry, const std::vector<Xattr>& xattrs) {
  const bool same_mode = entry.type == EntryType::Symlink || (info.st_mode & 07777u) == entry.mode;
  const timespec mtime = to_timespec(entry.mtime);
  if (info.st_uid != entry.uid || info.st_gid != entry.gid || !same_mode ||
      info.st_mtim.tv_sec != mtime.tv_sec || info.st_mtim.tv_nsec != mtime.tv_nsec)
    return false;
  const Handle handle = handle_of(dir, name);
  return handle.superfluous(xattrs).empty() &&
         std::ranges::all_of(xattrs, [&](const Xattr& xattr) { return handle.has(xattr); }) &&
         has_flags(dir, name, entry);
}

void MetadataSetter::set(int fd, const Entry& entry, const std::vector<Xattr>& xattrs) {
  const Handle handle{fd, nullptr, ""};
  set(handle, entry, xattrs);
}

void MetadataSetter::set(const TargetDir& dir, const std::string& name, const Entry& entry,
                         const std::vector<Xattr>& xattrs) {
  set(handle_of(dir, name), entry, xattrs);
}

// Owner first: chown clears setuid bits and capabilities. Attributes before the mode, which may forbid to
// write them. What was inherited goes before it, too, as it would let in whom an ACL names; ACLs come after
// it: chmod would change their mask. Times last.
void MetadataSetter::set(const Handle& handle, const Entry& entry, const std::vector<Xattr>& xattrs) {
  const auto failed = [&](const char* what) {
    warn_(entry.path, std::string(what) + ": " + std::strerror(errno));
  };
  struct stat now {};
  if (handle.stat(now) != 0) return failed("stat");
  std::uint32_t mode = entry.mode;
  if ((now.st_uid != entry.uid || now.st_gid != entry.gid) && handle.own(entry.uid, entry.gid) != 0) {
    failed("set the owner");
    owners_kept_ = false;
    mode &= ~06000u;  // privileges of an owner that it does not have
  }
  remove_superfluous(handle, entry, xattrs);
  put_xattrs(handle, entry, xattrs, false);
  if (entry.type != EntryType::Symlink && handle.mode(mode) != 0) failed("set the mode");
  put_xattrs(handle, entry, xattrs, true);
  const timespec keep{0, UTIME_OMIT};
  const std::array times{entry.atime ? to_timespec(*entry.atime) : keep, to_timespec(entry.mtime)};
  if (handle.times(times.data()) != 0) failed("set the times");
}

void MetadataSetter::set_flags(int fd, const Entry& entry) {
  if (entry.inode_flags == 0) return;
  int flags = 0;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
    flags |= static_cast<int>(entry.inode_flags);
    if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0) return;
  }
  warn_(entry.path, std::string("set the flags: ") + std::strerror(errno));
}

void MetadataSetter::remove_superfluous(const Handle& handle, const Entry& entry,
                                        const std::vector<Xattr>& xattrs) {
  for (const std::string& name : handle.superfluous(xattrs))
    if (handle.remove(name.c_str()) != 0 && errno != ENODATA)
      warn_(entry.path, "remove extended attribute " + name + ": " + std::strerror(errno));
}

void MetadataSetter::put_xattrs(const Handle& handle, const Entry& entry, const std::vector<Xattr>& xattrs,
                                bool acls) {
  for (const Xattr& xattr : xattrs) {
    if (is_acl(xattr.name) != acls || handle.put(xattr) == 0) continue;
    const int code = errno;
    if (!handle.has(xattr))
      warn_(entry.path, "set extended attribute " + xattr.name + ": " + std::strerror(code));
  }
}

}  // namespace stash::engine
