#include "stash/base/limits.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>

namespace stash {
namespace {

/// A limit that is no limit: version 1 shows the largest page-aligned number, version 2 "max".
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

std::optional<std::uint64_t> bytes_of(const std::string& text) {
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc{} && bytes < kNoLimit ? std::optional(bytes) : std::nullopt;
}

/// Of "200000 100000": the quota in each period, both in microseconds; "max 100000" is none.
std::optional<double> cpus_of(const std::string& text) {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  const char* const end = text.data() + text.size();
  const char* rest = std::from_chars(text.data(), end, quota).ptr;
  if (rest != end) std::from_chars(rest + 1, end, period);
  if (quota == 0 || period == 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

/// The least of the limits in a group and in all above it. Inside a container the group's own path may not be
/// there: then only those above it are, the topmost being the container's.
template <class Read>
auto least_limit(const std::string& mount, std::string group, const char* file, Read read) {
  decltype(read("")) least;
  for (;;) {
    const auto limit = read(first_line(mount + group + "/" + file));
    if (limit) least = std::min(*limit, least.value_or(*limit));
    const auto slash = group.rfind('/');
    if (slash == std::string::npos) return least;
    group.resize(slash);
  }
}

/// Calls `visit` with the controllers ("" in version 2) and the path of each group of this process:
/// "0::/path" of version 2, "4:memory:/path" of version 1.
void each_group(const std::string& root,
                const std::function<void(const std::string&, const std::string&)>& visit) {
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    visit(line.substr(first + 1, second - first - 1), line.substr(second + 1));
  }
}

}  // namespace

std::optional<std::uint64_t> memory_limit(const std::string& root) {
  std::optional<std::uint64_t> least;
  each_group(root, [&](const std::string& controllers, const std::string& group) {
    std::optional<std::uint64_t> limit;
    if (controllers.empty())
      limit = least_limit(root + "/sys/fs/cgroup", group, "memory.max", bytes_of);
    else if (("," + controllers + ",").find(",memory,") != std::string::npos)
      limit = least_limit(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", bytes_of);
    if (limit) least = std::min(*limit, least.value_or(*limit));
  });
  return least;
}

double available_cpus(const std::string& root) {
  cpu_set_t bound;
  CPU_ZERO(&bound);
  double least = ::sched_getaffinity(0, sizeof bound, &bound) == 0 ? CPU_COUNT(&bound) : 1;
  each_group(root, [&](const std::string& controllers, const std::string& group) {
    if (!controllers.empty()) return;
    const auto limit = least_limit(root + "/sys/fs/cgroup", group, "cpu.max", cpus_of);
    if (limit) least = std::min(least, *limit);
  });
  return std::max(least, 0.01);
}

std::size_t worker_threads() {
  constexpr double kFewest = 2;  // one may block in a call
  constexpr double kMost = 16;
  return static_cast<std::size_t>(std::clamp(std::ceil(available_cpus()), kFewest, kMost));
}

}  // namespace stash
