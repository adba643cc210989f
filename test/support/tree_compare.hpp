#pragma once

// Tells how two directory trees differ, by plain path calls and none of the code under test.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace stash::test {

struct CompareOptions {
  bool owners = true;
  bool xattrs = true;
  bool holes = true;
};

/// Everything about one name that a restore has to bring back, as text.
using Facts = std::map<std::string, std::string>;

namespace detail {

inline std::runtime_error failed(const char* what, const std::string& path) {
  return std::runtime_error(std::string(what) + " " + path + ": " + std::strerror(errno));
}

inline std::string time_text(const timespec& t) {
  return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec);
}

inline void add_xattrs(const std::string& path, Facts& facts) {
  std::string list(65536, '\0');
  const ssize_t length = llistxattr(path.c_str(), list.data(), list.size());
  if (length < 0 && errno == ENOTSUP) return;
  if (length < 0) throw failed("listxattr", path);
  for (ssize_t at = 0; at < length; at += static_cast<ssize_t>(std::strlen(list.c_str() + at)) + 1) {
    const std::string name = list.c_str() + at;
    std::string value(65536, '\0');
    const ssize_t size = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) throw failed("getxattr", path);
    facts["xattr " + name] = value.substr(0, static_cast<std::size_t>(size));
  }
}

/// "0+4096 8192+100" of the data runs; one run over everything is a file without holes.
inline std::string data_runs(const std::string& path, std::int64_t size) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw failed("open", path);
  std::string runs;
  for (off_t at = 0; at < size;) {
    const off_t data = lseek(fd, at, SEEK_DATA);
    if (data < 0) break;
    const off_t hole = std::min<off_t>(lseek(fd, data, SEEK_HOLE), size);
    runs += (runs.empty() ? "" : " ") + std::to_string(data) + "+" + std::to_string(hole - data);
    at = hole;
  }
  close(fd);
  return runs;
}

inline bool same_content(const std::string& a, const std::string& b) {
  FILE* x = std::fopen(a.c_str(), "rb");
  FILE* y = std::fopen(b.c_str(), "rb");
  bool same = x && y;
  char p[65536];
  char q[65536];
  while (same) {
    const std::size_t n = std::fread(p, 1, sizeof p, x);
    const std::size_t m = std::fread(q, 1, sizeof q, y);
    same = n == m && std::memcmp(p, q, n) == 0;
    if (n == 0) break;
  }
  if (x) std::fclose(x);
  if (y) std::fclose(y);
  return same;
}

struct Tree {
  std::map<std::string, Facts> entries;  ///< by path relative to the root; "" is the root itself
};

inline void scan(const std::string& root, const std::string& relative, const CompareOptions& options,
                 Tree& tree, std::map<std::pair<dev_t, ino_t>, std::string>& first_names) {
  const std::string path = root + relative;
  struct stat st {};
  if (lstat(path.c_str(), &st) != 0) throw failed("lstat", path);
  Facts facts;
  facts["type"] = std::to_string(st.st_mode & S_IFMT);
  if (!S_ISLNK(st.st_mode)) facts["mode"] = std::to_string(st.st_mode & 07777);
  facts["mtime"] = time_text(st.st_mtim);
  if (options.owners) facts["owner"] = std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid);
  if (S_ISREG(st.st_mode)) facts["size"] = std::to_string(st.st_size);
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) facts["device"] = std::to_string(st.st_rdev);
  if (S_ISLNK(st.st_mode)) {
    std::string target(8192, '\0');
    target.resize(
        static_cast<std::size_t>(std::max<ssize_t>(0, readlink(path.c_str(), target.data(), target.size()))));
    facts["target"] = target;
  }
  if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
    facts["first name"] = first_names.emplace(std::pair(st.st_dev, st.st_ino), relative).first->second;
  if (options.xattrs) add_xattrs(path, facts);
  if (options.holes && S_ISREG(st.st_mode)) facts["data"] = data_runs(path, st.st_size);
  tree.entries.emplace(relative, std::move(facts));
  if (!S_ISDIR(st.st_mode)) return;

  DIR* dir = opendir(path.c_str());
  if (!dir) throw failed("opendir", path);
  std::vector<std::string> names;
  while (const dirent* item = readdir(dir)) names.emplace_back(item->d_name);
  closedir(dir);
  std::ranges::sort(names);
  for (const std::string& name : names)
    if (name != "." && name != "..") scan(root, relative + "/" + name, options, tree, first_names);
}

inline std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
    if (c >= 32 && c < 127)
      out += c;
    else
      out += escaped;
  }
  return out.size() > 120 ? out.substr(0, 120) + "..." : out;
}

}  // namespace detail

/// One line a difference; none: the trees are equal in names, types, content, modes, owners, modification
/// times, symlink targets, devices, hard-link groups, extended attributes with ACLs, and holes.
inline std::vector<std::string> tree_differences(const std::string& a, const std::string& b,
                                                 CompareOptions options = {}) {
  detail::Tree trees[2];
  for (int i = 0; i < 2; ++i) {
    std::map<std::pair<dev_t, ino_t>, std::string> first_names;
    detail::scan(i == 0 ? a : b, "", options, trees[i], first_names);
  }
  std::vector<std::string> found;
  for (const auto& [path, facts] : trees[0].entries) {
    const std::string shown = path.empty() ? "(top)" : detail::printable(path);
    const auto other = trees[1].entries.find(path);
    if (other == trees[1].entries.end()) {
      found.push_back(shown + ": missing");
      continue;
    }
    Facts names = facts;
    names.insert(other->second.begin(), other->second.end());
    for (const auto& [name, unused] : names) {
      const auto x = facts.find(name);
      const auto y = other->second.find(name);
      const std::string before = x == facts.end() ? "(none)" : x->second;
      const std::string after = y == other->second.end() ? "(none)" : y->second;
      if (before != after)
        found.push_back(shown + ": " + name + " was " + detail::printable(before) + ", is " +
                        detail::printable(after));
    }
    if (facts.contains("size") && !detail::same_content(a + path, b + path))
      found.push_back(shown + ": content differs");
  }
  for (const auto& [path, facts] : trees[1].entries)
    if (!trees[0].entries.contains(path)) found.push_back(detail::printable(path) + ": was not there");
  return found;
}

}  // namespace stash::test
