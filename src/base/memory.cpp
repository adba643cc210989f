#include "stash/base/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace stash {
namespace {

/// The first object that is told is the program itself.
int unmap_program(dl_phdr_info* info, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    // What may be written holds what was written.
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (info->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
    const std::uintptr_t end = (info->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 1;
}

/// A limit that is no limit: version 1 shows the largest page-aligned number, version 2 "max".
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

std::optional<std::uint64_t> limit_in(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc{} && bytes < kNoLimit ? std::optional(bytes) : std::nullopt;
}

/// The least of the limits in a group and in all above it. Inside a container the group's own path may not be
/// there: then only those above it are, the topmost being the container's.
std::optional<std::uint64_t> least_limit(const std::string& mount, std::string group, const char* file) {
  std::optional<std::uint64_t> least;
  for (;;) {
    const auto limit = limit_in(mount + group + "/" + file);
    if (limit) least = std::min(*limit, least.value_or(*limit));
    const auto slash = group.rfind('/');
    if (slash == std::string::npos) return least;
    group.resize(slash);
  }
}

}  // namespace

std::optional<std::uint64_t> memory_limit(const std::string& root) {
  std::optional<std::uint64_t> least;
  std::ifstream groups(root + "/proc/self/cgroup");
  // "0::/path" of version 2, "4:memory:/path" of version 1
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    std::optional<std::uint64_t> limit;
    if (controllers.empty())
      limit = least_limit(root + "/sys/fs/cgroup", group, "memory.max");
    else if (("," + controllers + ",").find(",memory,") != std::string::npos)
      limit = least_limit(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
    if (limit) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

void give_back_memory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(unmap_program, nullptr);
}

}  // namespace stash
