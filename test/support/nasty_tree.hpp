#pragma once

// Makes directory trees that have what real volumes have and simple tools lose. Needs root for owners,
// devices and security attributes; as another user those parts are left out.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace stash::test {

inline void must(bool worked, const std::string& what) {
  if (!worked) throw std::runtime_error(what + ": " + std::strerror(errno));
}

inline std::string random_text(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() | 1);  // never zero: zeros would become holes
  return text;
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  must(!file.fail(), "write " + path);
}

inline void set_time(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  must(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0, "utimensat " + path);
}

/// A file of `size` bytes with data only in the runs {offset, length}.
inline void write_sparse(const std::string& path, std::int64_t size,
                         std::initializer_list<std::pair<std::int64_t, std::size_t>> runs) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  must(fd >= 0 && ftruncate(fd, size) == 0, "sparse " + path);
  for (const auto& [offset, length] : runs) {
    const std::string text = random_text(length, static_cast<std::uint64_t>(offset) + 7);
    must(pwrite(fd, text.data(), text.size(), offset) == static_cast<ssize_t>(text.size()), "pwrite " + path);
  }
  close(fd);
}

inline void make_dir(const std::string& path) { must(mkdir(path.c_str(), 0755) == 0, "mkdir " + path); }

inline void add_odd_names(const std::string& root) {
  make_dir(root + "/names");
  const std::string names[] = {" ",
                               "-rf",
                               "a\nb",
                               "tab\t",
                               "\xff\xfe\x80",
                               "\xc3\xa4\xc3\xb6",
                               "*",
                               "[x]",
                               "back\\slash",
                               "'quote\"",
                               "~",
                               "...",
                               "a",
                               "a-b",
                               "a.b",
                               std::string(255, 'n')};
  for (const std::string& name : names) write_file(root + "/names/" + name, "content of " + name);
  make_dir(root + "/names/dir\xe9");
  write_file(root + "/names/dir\xe9/inside", "x");
  make_dir(root + "/names/a!");
  write_file(root + "/names/a!/sorts before a-b", "y");
}

inline void add_sizes(const std::string& root) {
  make_dir(root + "/sizes");
  for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 4095u, 65535u, 65536u, 65537u, 131072u, 262144u,
                                 1048575u, 1048576u, 1048577u, 5000000u})
    write_file(root + "/sizes/" + std::to_string(size), random_text(size, size));
  std::string log;
  for (int i = 0; log.size() < 700000; ++i)
    log += "2026-11-23T10:00:00Z info request served number=" + std::to_string(i % 977) + "\n";
  write_file(root + "/sizes/log", log);
  write_file(root + "/sizes/copy of log", log);
}

inline void add_sparse(const std::string& root) {
  make_dir(root + "/sparse");
  write_sparse(root + "/sparse/only hole", 1 << 24, {});
  write_sparse(root + "/sparse/hole first", 1 << 20, {{1 << 19, 1 << 19}});
  write_sparse(root + "/sparse/hole last", 1 << 20, {{0, 8192}});
  write_sparse(root + "/sparse/islands", 3 << 24, {{4096, 4096}, {1 << 24, 70000}, {3 << 23, 12288}});
  write_sparse(root + "/sparse/odd end", (1 << 20) + 123, {{1 << 20, 123}});
}

inline void add_links(const std::string& root) {
  make_dir(root + "/links");
  make_dir(root + "/links/far");
  write_file(root + "/links/one", "linked content");
  write_file(root + "/links/big", random_text(300000, 99));
  must(link((root + "/links/one").c_str(), (root + "/links/far/two").c_str()) == 0, "link");
  must(link((root + "/links/one").c_str(), (root + "/links/zz three").c_str()) == 0, "link");
  must(link((root + "/links/big").c_str(), (root + "/links/far/big again").c_str()) == 0, "link");
  const std::pair<std::string, std::string> symlinks[] = {{"one", "relative"},
                                                          {"/nowhere/at/all", "dangling"},
                                                          {"loop", "loop"},
                                                          {"..", "up"},
                                                          {"/etc/passwd", "outside"},
                                                          {"\xff\xfe", "odd target"},
                                                          {std::string(4000, 't'), "long target"}};
  for (const auto& [target, name] : symlinks)
    must(symlink(target.c_str(), (root + "/links/" + name).c_str()) == 0, "symlink " + name);
  must(link((root + "/links/dangling").c_str(), (root + "/links/far/dangling again").c_str()) == 0,
       "link a symlink");
  set_time(root + "/links/dangling", 1000000000, 123456789);
}

inline void add_specials(const std::string& root) {
  make_dir(root + "/special");
  must(mkfifo((root + "/special/fifo").c_str(), 0640) == 0, "mkfifo");
  must(mknod((root + "/special/socket").c_str(), S_IFSOCK | 0700, 0) == 0, "mknod socket");
  if (geteuid() != 0) return;
  must(mknod((root + "/special/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0, "mknod null");
  must(mknod((root + "/special/block").c_str(), S_IFBLK | 0600, makedev(259, 70000)) == 0, "mknod block");
}

inline void add_xattrs(const std::string& root) {
  make_dir(root + "/xattr");
  const auto set = [&](const std::string& name, const char* attribute, const std::string& value) {
    must(lsetxattr((root + "/xattr/" + name).c_str(), attribute, value.data(), value.size(), 0) == 0,
         std::string("setxattr ") + attribute);
  };
  for (const char* name : {"small", "large", "many", "acl", "capability", "empty value"})
    write_file(root + "/xattr/" + name, name);
  make_dir(root + "/xattr/dir");
  set("small", "user.note", "hello");
  set("empty value", "user.nothing", "");
  set("large", "user.large", random_text(3000, 5));
  set("dir", "user.on a directory", std::string("zero\0inside", 11));
  for (int i = 0; i < 10; ++i)
    set("many", ("user.number" + std::to_string(i)).c_str(), std::string(40, static_cast<char>('a' + i)));
  if (geteuid() != 0) return;
  // ACLs as the kernel keeps them: version 2, then {tag u16, permissions u16, id u32} each.
  const auto acl = [](std::initializer_list<std::array<std::uint32_t, 3>> items) {
    std::string bytes("\x02\0\0\0", 4);
    for (const auto& [tag, permissions, id] : items) {
      const auto put = [&](std::uint32_t value, int width) {
        for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
      };
      put(tag, 2);
      put(permissions, 2);
      put(id, 4);
    }
    return bytes;
  };
  constexpr std::uint32_t none = 0xffffffff;
  const std::string access =
      acl({{1, 6, none}, {2, 4, 1234}, {4, 4, none}, {8, 5, 4321}, {16, 5, none}, {32, 0, none}});
  set("acl", "system.posix_acl_access", access);
  set("dir", "system.posix_acl_access", access);
  set("dir", "system.posix_acl_default",
      acl({{1, 7, none}, {2, 7, 77}, {4, 5, none}, {16, 7, none}, {32, 5, none}}));
  set("capability", "security.capability", std::string("\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
  set("small", "trusted.secret", "only root sees this");
}

inline void add_owners_and_times(const std::string& root) {
  make_dir(root + "/meta");
  const std::uint32_t modes[] = {0000, 0400, 0777, 04755, 02750, 01777, 0644, 06111};
  for (const std::uint32_t mode : modes) {
    const std::string path = root + "/meta/mode " + std::to_string(mode);
    write_file(path, "m");
    if (geteuid() == 0) must(lchown(path.c_str(), 1000 + mode, 65534) == 0, "chown");
    must(chmod(path.c_str(), mode) == 0, "chmod");
  }
  if (geteuid() == 0) {
    write_file(root + "/meta/high ids", "h");
    must(lchown((root + "/meta/high ids").c_str(), 4000000000u, 4294967294u) == 0, "chown");
    must(symlink("mode 420", (root + "/meta/owned link").c_str()) == 0, "symlink");
    must(lchown((root + "/meta/owned link").c_str(), 42, 43) == 0, "lchown");
  }
  const std::pair<std::int64_t, long> times[] = {
      {0, 0}, {-1, 1}, {-1000000000, 999999999}, {1, 1}, {1700000000, 123456789}, {4102444800, 5}};
  for (const auto& [seconds, nanoseconds] : times) {
    const std::string path = root + "/meta/time " + std::to_string(seconds);
    write_file(path, "t");
    set_time(path, seconds, nanoseconds);
  }
  make_dir(root + "/meta/sealed");
  write_file(root + "/meta/sealed/inside", "s");
  must(chmod((root + "/meta/sealed").c_str(), 0000) == 0, "chmod");
  make_dir(root + "/meta/old dir");
  write_file(root + "/meta/old dir/new file", "n");
  set_time(root + "/meta/old dir", 86400, 1);
}

inline void add_shapes(const std::string& root) {
  make_dir(root + "/shapes");
  make_dir(root + "/shapes/empty");
  make_dir(root + "/shapes/wide");
  for (int i = 0; i < 3000; ++i)
    write_file(root + "/shapes/wide/" + std::to_string(i * 7919 % 3000), std::to_string(i));
  std::string deep = root + "/shapes/deep";
  make_dir(deep);
  for (int i = 0; i < 150; ++i) {
    deep += "/d" + std::to_string(i);
    make_dir(deep);
    write_file(deep + "/f", std::to_string(i));
  }
}

/// All of the above under `root`, which is made.
inline void make_nasty_tree(const std::string& root) {
  make_dir(root);
  add_odd_names(root);
  add_sizes(root);
  add_sparse(root);
  add_links(root);
  add_specials(root);
  add_xattrs(root);
  add_owners_and_times(root);
  add_shapes(root);
  must(chmod(root.c_str(), 01750) == 0, "chmod");
  set_time(root, 1234567890, 987654321);
}

}  // namespace stash::test
