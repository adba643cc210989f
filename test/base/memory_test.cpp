#include "stash/base/memory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "support/temp_dir.hpp"

namespace stash {
namespace {

/// KiB of a member of /proc/self/status.
long of_process(const std::string& member) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(member + ":")) return std::stol(line.substr(member.size() + 1));
  return -1;
}

TEST(Memory, WhatIsGivenBackIsTextThatComesBackByItself) {
  const long before = of_process("RssFile");
  give_back_memory();
  const long after = of_process("RssFile");

  ASSERT_GT(before, 0);
  EXPECT_LT(after, before);
}

/// The files of control groups as a process sees them.
struct Groups {
  Groups(std::string_view groups, const std::map<std::string, std::string>& files) {
    write("/proc/self/cgroup", groups);
    for (const auto& [path, text] : files) write("/sys/fs/cgroup" + path, text);
  }
  void write(const std::string& path, std::string_view text) {
    const std::filesystem::path full = dir.path() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << "\n";
  }
  std::optional<std::uint64_t> limit() const { return memory_limit(dir.path()); }
  test::TempDir dir;
};

TEST(MemoryLimit, IsTheLeastOfAGroupAndThoseAboveIt) {
  EXPECT_EQ(
      Groups("0::/pods/web\n", {{"/pods/web/memory.max", "max"}, {"/pods/memory.max", "100000"}}).limit(),
      100000u);
  EXPECT_EQ(Groups("0::/a/b\n", {{"/a/b/memory.max", "50"}, {"/a/memory.max", "70"}}).limit(), 50u);
}

TEST(MemoryLimit, OfAContainerIsAtTheTopOfItsMount) {
  EXPECT_EQ(Groups("0::/\n", {{"/memory.max", "67108864"}}).limit(), 67108864u);
  EXPECT_EQ(Groups("5:cpu,cpuacct:/x\n4:memory:/kubepods/pod1/c1\n",
                   {{"/memory/memory.limit_in_bytes", "67108864"}})
                .limit(),
            67108864u);
}

TEST(MemoryLimit, IsNoneWhereNoneIsSet) {
  EXPECT_EQ(Groups("0::/\n", {{"/memory.max", "max"}}).limit(), std::nullopt);
  EXPECT_EQ(Groups("4:memory:/\n", {{"/memory/memory.limit_in_bytes", "9223372036854771712"}}).limit(),
            std::nullopt);
  EXPECT_EQ(Groups("", {}).limit(), std::nullopt);
  EXPECT_EQ(Groups("nonsense\n0:\n", {{"/memory.max", "-"}}).limit(), std::nullopt);
}

}  // namespace
}  // namespace stash
