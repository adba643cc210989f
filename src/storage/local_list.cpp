#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "storage/local_files.hpp"

namespace stash::storage {
namespace {

constexpr time_t kLeftoverAge = 48 * 3600;

void remove_if_old(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && info.st_mtime < ::time(nullptr) - kLeftoverAge)
    ::unlink(path.c_str());
}

struct Found {
  std::string name;  ///< a directory ends in '/', which makes the order that of whole names
  std::uint64_t size;
};

/// What one directory, whose `path` ends in '/', holds in name order. A directory that is gone, or was never
/// made, is empty.
std::vector<Found> read_dir(const std::string& path) {
  std::vector<Found> found;
  struct Close {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  const std::unique_ptr<DIR, Close> dir(::opendir(path.c_str()));
  if (!dir) {
    if (errno == ENOENT || errno == ENOTDIR) return found;
    throw errno_error(errno, "list " + path);
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (!entry) break;
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || name == "lost+found") continue;
    if (name.starts_with(".tmp-")) {
      remove_if_old(path + name);
      continue;
    }
    struct stat info {};
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &info, 0) != 0) {
      if (errno == ENOENT) continue;  // gone meanwhile
      throw errno_error(errno, fmt::format("list {}{}", path, name));
    }
    if (S_ISDIR(info.st_mode))
      found.push_back({name + "/", 0});
    else if (S_ISREG(info.st_mode))
      found.push_back({name, static_cast<std::uint64_t>(info.st_size)});
  }
  if (errno != 0) throw errno_error(errno, "list " + path);
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.name < b.name; });
  return found;
}

class Lister {
 public:
  Lister(const std::string& root, const std::string& prefix, const std::string& token, std::size_t limit)
      : root_(root), prefix_(prefix), token_(token), limit_(limit) {}

  /// False once the page is full.
  bool descend(const std::string& dir) {
    for (const Found& found : read_dir(root_ + "/" + dir)) {
      const std::string name = dir + found.name;
      if (name.ends_with('/')) {
        const bool may_match = name.starts_with(prefix_) || std::string_view(prefix_).starts_with(name);
        const bool passed = token_ > name && !token_.starts_with(name);
        if (may_match && !passed && !descend(name)) return false;
      } else if (name.starts_with(prefix_) && name > token_) {
        if (page.objects.size() == limit_) {
          page.next = page.objects.back().name;
          return false;
        }
        page.objects.push_back({name, found.size});
      }
    }
    return true;
  }

  ListPage page;

 private:
  const std::string& root_;
  const std::string& prefix_;
  const std::string& token_;
  std::size_t limit_;
};

}  // namespace

ListPage list_files(const std::string& root, const std::string& prefix, const std::string& token,
                    std::size_t limit) {
  Lister lister(root, prefix, token, limit);
  const auto slash = prefix.rfind('/');
  lister.descend(slash == std::string::npos ? "" : prefix.substr(0, slash + 1));
  return std::move(lister.page);
}

}  // namespace stash::storage
