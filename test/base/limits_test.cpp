#include "stash/base/limits.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "support/temp_dir.hpp"

namespace stash {
namespace {

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
  double cpus() const { return available_cpus(dir.path()); }
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

TEST(AvailableCpus, AreTheLeastQuotaOfAGroupAndThoseAboveIt) {
  EXPECT_DOUBLE_EQ(
      Groups("0::/a/b\n", {{"/a/b/cpu.max", "max 100000"}, {"/a/cpu.max", "25000 100000"}}).cpus(), 0.25);
  EXPECT_DOUBLE_EQ(Groups("0::/\n", {{"/cpu.max", "50000 50000"}}).cpus(), 1);
}

TEST(AvailableCpus, AreThoseOfTheProcessWhereNoQuotaIsSet) {
  const double all = Groups("", {}).cpus();
  EXPECT_GE(all, 1);
  for (const char* text : {"max 100000", "100000", "0 0", "- -", ""})
    EXPECT_DOUBLE_EQ(Groups("0::/\n", {{"/cpu.max", text}}).cpus(), all) << text;
  EXPECT_DOUBLE_EQ(Groups("0::/\n", {{"/cpu.max", "900000000 1000"}}).cpus(), all);
}

TEST(WorkerThreads, AreAtLeastTwo) {
  EXPECT_GE(worker_threads(), 2u);
  EXPECT_LE(worker_threads(), 16u);
}

}  // namespace
}  // namespace stash
